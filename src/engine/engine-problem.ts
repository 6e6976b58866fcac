/** Whether an engine that another process runs can be used, for the log of a start. */
import { type EngineAddress, EngineApiError, listEnvoys } from '#src/engine/engine-api.ts'

const TIMEOUT_MS = 2_000

/** Why it cannot be used, with the variable to look at; undefined if it can. Is never rejected. */
export async function engineProblem(
  engine: EngineAddress,
  timeoutMs = TIMEOUT_MS,
): Promise<string | undefined> {
  const { endpoint } = engine
  try {
    // Modules that are loaded meanwhile may hold up the first answer for longer.
    await listEnvoys(engine, timeoutMs).catch((error) => {
      if (error instanceof EngineApiError || error.name !== 'TimeoutError') throw error
      return listEnvoys(engine, timeoutMs)
    })
    return undefined
  } catch (error) {
    if (error instanceof EngineApiError) {
      const isRefused = error.status === 401 || error.status === 403
      return `the engine at ${endpoint} ${isRefused ? 'refuses RIVET_TOKEN' : `answers ${error.status}`}`
    }
    const { cause, message } = error as Error & { cause?: { code?: string } }
    const reason = cause?.code ?? message
    return `the engine at ${endpoint} does not answer (${reason}): does it run, and is RIVET_ENDPOINT right?`
  }
}
