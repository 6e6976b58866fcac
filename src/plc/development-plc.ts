/** Starts the PLC directory of a development server on its port. */
import type { Log } from '#src/log.ts'
import { type PlcServer, startPlcServer } from '#src/plc/plc-server.ts'

/** Fixed, so that apps and scripts can name it. */
export const DEFAULT_PORT = 2582

/**
 * Without `port` the default one, or any free one if that is taken, for example by another development server. Throws
 * an error that names the variable if `port` is taken.
 */
export async function startDevelopmentPlc(options: {
  path: string
  port: number | undefined
  log: Log
}): Promise<PlcServer> {
  const { port = DEFAULT_PORT } = options
  try {
    return await startPlcServer({ ...options, port })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    if (options.port !== undefined) {
      throw new Error(`Port ${port} (PDS_DEV_PLC_PORT) is in use by another program`)
    }
    const plc = await startPlcServer({ ...options, port: undefined })
    const { url } = plc
    options.log.info(
      { port, url },
      `port ${port} is in use: the PLC directory is at ${url}, which scripts have to name`,
    )
    return plc
  }
}
