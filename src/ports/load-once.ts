/** Loading something that is slow to load, when it is first needed. */

/** Returns a function that loads once, and again after a failure: a rejection must not last until a restart. */
export function loadOnce<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined
  return () => {
    loading ??= load().catch((error) => {
      loading = undefined
      throw error
    })
    return loading
  }
}
