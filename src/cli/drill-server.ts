/** A server on restored data that is not announced: on a free port of this machine, without relays, mails and webhooks. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { createServerClient, type ServerClient } from '#src/cli/server-client.ts'
import type { Config } from '#src/config/config.ts'
import type { Environment } from '#src/config/read.ts'

/** The engine reads its log first, of up to 256 MB. */
const START_TIMEOUT_MS = 120_000
const STOP_TIMEOUT_MS = 25_000
const RETRY_MS = 200
const SHOWN_LINES = 10

/** Variables that must not have effect: what is sent to others, and what is shared with the real server. */
const silenced =
  /^(RIVET_.*|PORT|PDS_(CRAWLERS|ENGINE_.*|PEER_.*|METRICS_.*|DEV_PLC_PORT|EMAIL_.*|MODERATION_EMAIL_.*|BLOBSTORE_.*|BACKUP_.*|ARCHIVE_.*|ACCEPT_CHANGED_KEYS))$/

/** Those that the server of a drill gets. */
export function drillVariables(variables: Environment): Environment {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !silenced.test(name)))
}

interface DrillServer extends AsyncDisposable {
  /** As the admin. */
  client: ServerClient
}

/** `plcUrl`: undefined for the PLC directory in the data. Throws with its last lines if the server does not start. */
export async function startDrillServer(
  folder: string,
  variables: Environment,
  { secrets, mode }: Pick<Config, 'secrets' | 'mode'>,
  plcUrl: string | undefined,
): Promise<DrillServer> {
  const port = String(await freePort())
  const child = spawn(process.execPath, [join(import.meta.dirname, '../main.ts'), 'at-rest'], {
    env: {
      ...drillVariables(variables),
      ...{ PDS_DATA_DIRECTORY: folder, PDS_HOST: '127.0.0.1', PDS_PORT: port, PDS_ROLE: 'all' },
      ...{ PDS_RATE_LIMITS_ENABLED: 'false', PDS_DURABILITY: 'process' },
      ...(plcUrl !== undefined && { PDS_DID_PLC_URL: plcUrl }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl-C goes to the command, which stops the server.
    detached: true,
  })
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      lines.push(line)
      if (lines.length > SHOWN_LINES) lines.shift()
    })
  }
  const exit = once(child, 'exit')
  const server = {
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      const late = pause(STOP_TIMEOUT_MS, 'late', { ref: false })
      if ((await Promise.race([exit, late])) === 'late') child.kill('SIGKILL')
      await exit
    },
  }
  const url = `http://127.0.0.1:${port}`
  const failed = exit.then(() => {
    throw new Error(`the server does not start on the backup:\n${lines.join('\n')}`)
  })
  failed.catch(() => {})
  try {
    await Promise.race([failed, untilHealthy(url)])
  } catch (error) {
    await server[Symbol.asyncDispose]()
    throw error
  }
  const password = secrets.adminPassword ?? (mode === 'development' && generatedPassword(folder))
  return { ...server, client: createServerClient(url, password || undefined) }
}

async function untilHealthy(url: string): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS
  while (performance.now() < deadline) {
    const answer = await fetch(`${url}/xrpc/_health`).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer?.ok) return
    await pause(RETRY_MS)
  }
  throw new Error(`the server on the backup did not answer within ${START_TIMEOUT_MS / 1000} s`)
}

function generatedPassword(folder: string): string {
  const secrets = JSON.parse(readFileSync(join(folder, 'secrets.json'), 'utf8'))
  return (secrets as { adminPassword: string }).adminPassword
}

async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
