/** Keeps an actor awake while it has work, with one call of RivetKit's keepAwake for work that overlaps. */

/** How long the actor is kept awake after the last work: keepAwake costs more than many of our calls. */
const RELEASE_DELAY_MS = 300

export interface Wakefulness {
  /** The actor stays awake at least until the promise settles; it must not be rejected. */
  hold<T>(work: Promise<T>): Promise<T>
  /** Counts work during which RivetKit keeps the actor awake itself; the function it returns ends it. */
  begin(): () => void
  /** Since when there has been no work, in ms of `performance.now()`; undefined if there is some. */
  idleSince(): number | undefined
}

export function stayAwake(keepAwake: (work: Promise<void>) => unknown): Wakefulness {
  let busy = 0
  let since = performance.now()
  let held = 0
  let release: (() => void) | null = null
  let timeout: NodeJS.Timeout | undefined
  const begin = () => {
    busy++
    return () => {
      busy--
      since = performance.now()
    }
  }
  const leave = () => {
    held--
    if (held === 0) timeout = setTimeout(letGo, RELEASE_DELAY_MS)
  }
  const letGo = () => {
    release?.()
    release = null
  }
  return {
    begin,
    idleSince: () => (busy === 0 ? since : undefined),
    hold: async (work) => {
      const end = begin()
      held++
      clearTimeout(timeout)
      if (release === null) {
        const { promise, resolve } = Promise.withResolvers<void>()
        release = resolve
        keepAwake(promise)
      }
      try {
        return await work
      } finally {
        leave()
        end()
      }
    },
  }
}
