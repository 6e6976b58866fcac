/** Whether the server can listen where it is to, asked before the rest of it is started. */
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Throws an error that names the port, the address and their variables if the server could not listen there. */
export async function mustBeFree(options: {
  host: string
  port: number
  portVariable: string
  hostVariable?: string
}): Promise<void> {
  const { host, port } = options
  const server = createServer()
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (error) {
    throw listenError(error, options)
  }
  server.close()
  await once(server, 'close')
}

/** Says what to do about an error of `listen`; any other error is returned as it is. */
export function listenError(error: unknown, options: Parameters<typeof mustBeFree>[0]): unknown {
  const reason = reasonOf((error as NodeJS.ErrnoException).code, options)
  return reason === undefined ? error : new Error(reason)
}

function reasonOf(
  code: string | undefined,
  { host, port, portVariable, hostVariable }: Parameters<typeof mustBeFree>[0],
): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} of ${host} is taken by another program. Stop it, or set ${portVariable}`
    case 'EACCES':
      return `This user may not listen on port ${port} (${portVariable})`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `This machine does not have the address ${host}${hostVariable ? ` (${hostVariable})` : ''}`
    default:
      return undefined
  }
}
