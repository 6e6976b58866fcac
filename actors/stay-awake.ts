/** Keeps an actor awake while it has work, with one call of RivetKit's keepAwake for work that overlaps. */

/** How long the actor is kept awake after the last work: keepAwake costs more than many of our calls. */
const RELEASE_DELAY_MS = 300

/** Returns `hold`: the actor stays awake at least until the promise settles; it must not be rejected. */
export function stayAwake(
  keepAwake: (work: Promise<void>) => unknown,
): <T>(work: Promise<T>) => Promise<T> {
  let busy = 0
  let release: (() => void) | null = null
  let timeout: NodeJS.Timeout | undefined
  const leave = () => {
    busy--
    if (busy === 0) timeout = setTimeout(end, RELEASE_DELAY_MS)
  }
  const end = () => {
    release?.()
    release = null
  }
  return async (work) => {
    busy++
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
    }
  }
}
