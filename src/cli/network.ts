/** The network as `headwater doctor` and `headwater setup` look at it. */
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Check, Network } from '#src/cli/public-checks.ts'

const TIMEOUT_MS = 10_000

export const network: Network = {
  addressesOf: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
  fetch: (url) => fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) }),
}

/** Whether a port of this machine is free; `advice` says what to do if it is taken. */
export async function checkPort(port: number, advice: string): Promise<Check> {
  const check = `port ${port}`
  const server = createServer()
  try {
    await once(server.listen(port), 'listening')
    await new Promise((resolve) => server.close(resolve))
    return { check, ok: true, detail: 'free' }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EACCES')
      return { check, ok: true, detail: 'not checked: only root may listen there' }
    if (code !== 'EADDRINUSE') return { check, ok: false, detail: message, advice }
    return { check, ok: false, detail: 'another program listens there', advice }
  }
}
