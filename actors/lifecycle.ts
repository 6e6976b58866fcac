/** An actor's waking and sleeping: its subject is built, and noted among the live actors while it is awake. */

import type { BatchDatabase } from '#actors/batch-database.ts'
import { stayAwake } from '#actors/stay-awake.ts'
import type { LiveActor, LiveActors } from '#src/engine/live-actors.ts'
import type { Actions } from '#src/rules/actions.ts'

/** What our actors use of RivetKit's context. */
export interface ActorContext {
  readonly key: readonly string[]
  readonly db: BatchDatabase
  readonly vars: { subject: unknown; live?: LiveActor }
  keepAwake<T>(work: Promise<T>): Promise<T>
}

/** Keeps the actor awake until the promise, which must not be rejected, is settled. */
export type Hold = <T>(work: Promise<T>) => Promise<T>

export interface ActorHooks<S> {
  open(c: ActorContext, hold: Hold): S | Promise<S>
  close?(subject: S): void | Promise<void>
  /** False for an actor that is always awake. */
  sleeps: boolean
}

/** The hooks of an actor named `name`: `open` builds the subject of its actions, `close` ends it. */
export function actorLifecycle<S>(
  name: string,
  live: LiveActors,
  actions: Actions,
  room: ActorHooks<S>,
): {
  createVars: () => { subject: unknown }
  onWake: (c: unknown) => Promise<void>
  onSleep: (c: unknown) => Promise<void>
} {
  return {
    createVars: () => ({ subject: undefined }),
    onWake: async (context) => {
      const c = context as ActorContext
      const hold: Hold = room.sleeps ? stayAwake((work) => c.keepAwake(work)) : (work) => work
      const subject = await room.open(c, hold)
      c.vars.subject = subject
      c.vars.live = { actions, subject, hold }
      live.add(name, keyOf(c), c.vars.live)
    },
    onSleep: async (context) => {
      const c = context as ActorContext
      if (c.vars.live !== undefined) live.remove(name, keyOf(c), c.vars.live)
      await room.close?.(c.vars.subject as S)
    },
  }
}

function keyOf(c: ActorContext): string {
  return c.key[0] ?? ''
}
