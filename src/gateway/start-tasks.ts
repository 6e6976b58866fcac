/** What a gateway does by itself, besides answering calls. */

/** Each task returns the function that stops it. `isAtRest`: none is started, since another server does all of it. */
export function startTasks(
  tasks: readonly (() => () => void)[],
  { isAtRest = false }: { isAtRest?: boolean | undefined },
): () => void {
  const stops = isAtRest ? [] : tasks.map((start) => start())
  return () => {
    for (const stop of stops) stop()
  }
}
