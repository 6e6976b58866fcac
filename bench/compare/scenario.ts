/** A scenario: what is asked of both servers, and how they are configured for it. */
import type { RecordingClient } from './recording-client.ts'

export interface Scenario {
  name: string
  environment: Environment
  run(visitor: RecordingClient): Promise<void>
}

/** Alone: no AppView and no other service. Served: with both. Strict: invites, and limits that count. */
export type Environment = 'alone' | 'served' | 'strict'
