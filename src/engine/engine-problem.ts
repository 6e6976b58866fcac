/** Whether an engine that another process runs can be used, for the log of a start. */

const TIMEOUT_MS = 2_000

/** Why it cannot be used, with the variable to look at; undefined if it can. Is never rejected. */
export async function engineProblem(
  { endpoint, token, namespace }: { endpoint: string; token: string; namespace: string },
  fetch = globalThis.fetch,
): Promise<string | undefined> {
  const query = new URLSearchParams({ namespace, name: 'default' })
  const headers = { authorization: `Bearer ${token}` }
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const response = await fetch(`${endpoint}/envoys?${query}`, { headers, signal })
    await response.body?.cancel()
    if (response.ok) return undefined
    const isRefused = response.status === 401 || response.status === 403
    return `the engine at ${endpoint} ${isRefused ? 'refuses RIVET_TOKEN' : `answers ${response.status}`}`
  } catch (error) {
    const { cause, message } = error as Error & { cause?: { code?: string } }
    const reason = cause?.code ?? message
    return `the engine at ${endpoint} does not answer (${reason}): does it run, and is RIVET_ENDPOINT right?`
  }
}
