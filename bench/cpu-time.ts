/** CPU time of one function, which depends less on what else runs on the machine than the time it takes. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const ROUNDS = 7
const WARM_UP_ROUNDS = 3

/** Microseconds of CPU time for one run of each function: the median of several rounds, in which they take turns. */
export async function cpuTimes<Name extends string>(
  runs: number,
  functions: Record<Name, (n: number) => unknown>,
): Promise<Record<Name, number>> {
  const names = Object.keys(functions) as Name[]
  const rounds: Record<Name, number>[] = []
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    const times = {} as Record<Name, number>
    for (const name of names) times[name] = await cpuTime(runs, functions[name])
    if (round >= 0) rounds.push(times)
  }
  const median = (name: Name) =>
    rounds.map((times) => times[name]).toSorted((a, b) => a - b)[ROUNDS >> 1]!
  return Object.fromEntries(names.map((name) => [name, median(name)])) as Record<Name, number>
}

async function cpuTime(runs: number, run: (n: number) => unknown): Promise<number> {
  // Before, so that no function pays for another's garbage.
  collectGarbage()
  const before = process.cpuUsage()
  for (let n = 0; n < runs; n++) {
    const result = run(n)
    if (result instanceof Promise) await result
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / runs
}
