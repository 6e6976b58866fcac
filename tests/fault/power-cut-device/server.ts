/** The server whose power is cut, and those that are started on what is left. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { killLeftovers, ServerProcess } from '#tests/support/processes.ts'

export interface RunningServer {
  url: string
  /** The folder of the engine's store. */
  store: string
  output(): string
  /** Kills the server and its engine. */
  kill(): Promise<void>
}

/** Starts a server on the disk that is mounted at `path`. Throws if it does not start. */
export async function startOn(path: string, env: Record<string, string>): Promise<RunningServer> {
  const folder = join(path, 'pds')
  // The data folder of a server that lost everything may be missing.
  mkdirSync(folder, { recursive: true })
  const server = new ServerProcess(folder, { ...env, PDS_DATA_DIRECTORY: folder })
  const url = `http://localhost:${env['PDS_PORT']}`
  const kill = async () => {
    await server.kill9()
    killLeftovers(folder)
  }
  try {
    await server.ready(() => answers(`${url}/xrpc/_health`))
  } catch (error) {
    await kill()
    throw error
  }
  return { url, store: join(folder, 'engine/db'), output: () => server.output, kill }
}

async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => null)
  await response?.body?.cancel()
  return response?.ok === true
}
