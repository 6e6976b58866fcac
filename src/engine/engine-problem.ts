/** Whether an engine that another process runs can be used, for the log of a start. */
import { type EngineAddress, EngineApiError, listEnvoys } from '#src/engine/engine-api.ts'

const TIMEOUT_MS = 2_000

/** Why it cannot be used, with the variable to look at; undefined if it can. Is never rejected. */
export async function engineProblem(engine: EngineAddress): Promise<string | undefined> {
  const { endpoint } = engine
  try {
    await listEnvoys(engine, TIMEOUT_MS)
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
