/** A scenario: its calls to both servers, and the environment it needs. */
import type { RecordingClient } from './recording-client.ts'

export interface Scenario {
  name: string
  environment: Environment
  run(client: RecordingClient): Promise<void>
}

/**
 * Alone: no other services. Served: AppView, moderation service and relay. Strict: invite codes and rate limits.
 */
export type Environment = 'alone' | 'served' | 'strict'
