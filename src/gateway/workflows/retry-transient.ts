/** Retries a workflow step whose outcome is unknown. */
import { XrpcError } from '#src/errors.ts'
import { pause } from '#src/ports/pause.ts'

const RETRY_DELAYS_MS = [50, 250]

/**
 * Runs the step up to three times. It must be safe to repeat: a failed attempt may have been carried out. An XrpcError
 * is a decision and is thrown at once.
 */
export async function retryTransient<T>(step: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await step()
    } catch (error) {
      const delay = RETRY_DELAYS_MS[attempt]
      if (error instanceof XrpcError || delay === undefined) throw error
      await pause(delay)
    }
  }
}
