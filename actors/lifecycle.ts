/** How an actor wakes and sleeps: its database is migrated, its subject is built, and it is listed as awake. */
import type { BatchDatabase } from '#actors/batch-database.ts'
import type { ActorSettings } from '#actors/settings.ts'
import { stayAwake, type Wakefulness } from '#actors/stay-awake.ts'
import type { LiveActor } from '#src/engine/live-actors.ts'
import { type Migration, migrate, NewerDatabaseError } from '#src/ports/migrations.ts'
import type { Actions } from '#src/rules/actions.ts'

/** What our actors use of RivetKit's context. */
export interface ActorContext {
  readonly key: readonly string[]
  readonly db: BatchDatabase
  readonly vars: ActorVars
  keepAwake<T>(work: Promise<T>): Promise<T>
  sleep(): void
}

export interface ActorVars {
  /** Undefined while the actor cannot serve calls. */
  subject: unknown
  /** Whether its database is of a newer release than this process. */
  isOutdated: boolean
  live?: LiveActor
}

/** Keeps the actor awake until the promise settles; it must not be rejected. */
export type Hold = Wakefulness['hold']

export interface ActorHooks<S> {
  /** The migrations of its database, if it has one. */
  schema?: readonly Migration[]
  open(c: ActorContext, hold: Hold): S | Promise<S>
  /** `isSuperseded` if a later activation of the actor has begun in this process: what both share belongs to that one. */
  close?(subject: S, isSuperseded: boolean): void | Promise<void>
  /** False for an actor that is always awake. */
  sleeps: boolean
  /** Whether something goes on between calls that would end if it slept. */
  isEngaged?(subject: S): boolean
}

const mustWakeAgain = 'two activations of this actor were running: it must wake again'

/** RivetKit hooks for the actors named `name`: `open` builds the subject of their actions, `close` ends it. */
export function actorLifecycle<S>(
  name: string,
  { live, log, release }: Pick<ActorSettings, 'live' | 'log' | 'release'>,
  actions: Actions,
  hooks: ActorHooks<S>,
): {
  createVars: () => ActorVars
  onWake: (c: unknown) => Promise<void>
  onSleep: (c: unknown) => Promise<void>
} {
  const end = async (vars: ActorVars, key: string, isSuperseded: boolean) => {
    const { live: awake } = vars
    if (awake === undefined) return
    delete vars.live
    live.remove(name, key, awake)
    await hooks.close?.(awake.subject as S, isSuperseded)
  }
  /**
   * RivetKit drops an activation that is followed by another one in the same process, without an `onSleep`. It may have
   * taken the parts of the context away by then.
   */
  const endSuperseded = async ({ vars, db }: Pick<ActorContext, 'vars' | 'db'>, key: string) => {
    if (vars.live === undefined) return
    vars.subject = undefined
    try {
      await end(vars, key, true)
      await db.close()
    } catch (err) {
      log.warn({ actor: name, key, err }, 'ending an earlier activation failed')
    }
  }
  return {
    createVars: () => ({ subject: undefined, isOutdated: false }),
    onWake: async (context) => {
      const c = context as ActorContext
      const activation = hooks.schema && c.db.activation
      if (await activation?.mayBeOutdated) throw new Error(mustWakeAgain)
      try {
        if (hooks.schema !== undefined) await migrate(c.db, hooks.schema)
      } catch (error) {
        if (!(error instanceof NewerDatabaseError)) throw error
        // Its calls are answered with 503 and it goes to sleep, so that a process of the newer release can wake it.
        const { found, known } = error
        log.warn(
          { actor: name, key: keyOf(c), release, found, known },
          'the database was migrated by a newer release: this process does not open it',
        )
        c.vars.isOutdated = true
        return
      }
      const wakefulness = hooks.sleeps ? stayAwake((work) => c.keepAwake(work)) : undefined
      const hold: Hold = wakefulness?.hold ?? ((work) => work)
      // An earlier activation may have exited between a commit and its sync.
      const durable = hooks.schema && c.db.durable()
      const subject = await hooks.open(c, hold)
      await durable
      if (activation?.isNewest === false) {
        await hooks.close?.(subject, true)
        throw new Error(mustWakeAgain)
      }
      c.vars.subject = subject
      c.vars.live = { actions, subject, hold }
      if (wakefulness !== undefined) {
        c.vars.live.sleepControl = {
          begin: () => wakefulness.begin(),
          idleSince: () =>
            hooks.isEngaged?.(subject) === true ? undefined : wakefulness.idleSince(),
          sleep: () => c.sleep(),
        }
      }
      live.add(name, keyOf(c), c.vars.live)
      const [parts, key] = [{ vars: c.vars, db: c.db }, keyOf(c)]
      void activation?.superseded.then(() => endSuperseded(parts, key))
    },
    onSleep: (context) => {
      const c = context as ActorContext
      return end(c.vars, keyOf(c), false)
    },
  }
}

function keyOf(c: ActorContext): string {
  return c.key[0] ?? ''
}
