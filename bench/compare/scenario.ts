/** A scenario: what is asked of both servers, and how they are configured for it. */
import type { Visitor } from './visitor.ts'

export interface Scenario {
  name: string
  world: World
  run(visitor: Visitor): Promise<void>
}

/** Alone: no AppView and no other service. Served: with both. Strict: invites, and limits that count. */
export type World = 'alone' | 'served' | 'strict'
