/** Repeating a step of a workflow whose outcome is unknown. */
import { XrpcError } from '#src/errors.ts'
import { pause } from '#src/ports/pause.ts'

/** Pauses between attempts, in milliseconds. */
const PAUSES_MS = [50, 250]

/** Runs the step up to three times, until it succeeds or is refused with an XrpcError: it may have happened already. */
export async function retryTransient<T>(step: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await step()
    } catch (error) {
      const wait = PAUSES_MS[attempt]
      if (error instanceof XrpcError || wait === undefined) throw error
      await pause(wait)
    }
  }
}
