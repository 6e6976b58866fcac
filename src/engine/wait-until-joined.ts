/** Waits until this process has joined the engine, so that actors can start in it. */
import { pollUntil } from '#src/engine/poll-until.ts'

const TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 1000

/**
 * Resolves with true when a process has joined the engine after `since` (ms since 1970), or with false after 10 s. An
 * actor that is called before any process has joined waits for many seconds.
 */
export function waitUntilJoined(
  engine: { endpoint: string; token: string; namespace: string },
  since: number,
): Promise<boolean> {
  const query = new URLSearchParams({ namespace: engine.namespace, name: 'default' })
  const url = `${engine.endpoint}/envoys?${query}`
  const headers = { authorization: `Bearer ${engine.token}` }
  return pollUntil(async () => {
    try {
      const answer = await fetch(url, { headers, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) })
      const { envoys = [] } = (await answer.json()) as { envoys?: { create_ts: number }[] }
      return envoys.some(({ create_ts }) => create_ts >= since)
    } catch {
      return false
    }
  }, TIMEOUT_MS)
}
