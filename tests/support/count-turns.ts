/** Counts the turns of the event loop, to see how often some work lets other work have its turn. */

/** Returns a function that ends the count and returns it. Meanwhile the work must wait for nothing but `nextTurn`. */
export function countTurns(): () => number {
  let turns = 0
  const count = () => {
    turns++
    next = setImmediate(count)
  }
  let next = setImmediate(count)
  return () => {
    clearImmediate(next)
    return turns
  }
}
