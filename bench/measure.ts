/** Closed-loop load: a number of requests in flight, until the time or the count is used up. */

export interface Load {
  inFlight: number
  /** Milliseconds. */
  ms: number
  maxOperations?: number
}

/** One number, its unit, and which way is better. */
export interface Measurement {
  name: string
  value: number
  unit: string
  better: 'more' | 'less'
  /** Milliseconds of one operation. */
  p50?: number
  p99?: number
  errors?: string[]
}

/** Runs `operation(n)` under the load; it returns how many units it did (1 by default). */
export async function measure(
  what: string,
  unit: string,
  { inFlight, ms, maxOperations = 100_000 }: Load,
  operation: (n: number) => Promise<unknown>,
): Promise<Measurement> {
  const latencies: number[] = []
  const errors: string[] = []
  const start = performance.now()
  let started = 0
  let units = 0
  const worker = async () => {
    while (started < maxOperations && performance.now() - start < ms && errors.length < 20) {
      const sent = performance.now()
      try {
        const done = await operation(started++)
        units += typeof done === 'number' ? done : 1
        latencies.push(performance.now() - sent)
      } catch (error) {
        errors.push(String(error))
      }
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  const seconds = (performance.now() - start) / 1000
  return {
    name: what,
    unit,
    better: 'more',
    value: units / seconds,
    ...quantiles(latencies),
    errors,
  }
}

/** A measurement of times: the median, and the 99th percentile. */
export function timeMeasurement(what: string, times: number[]): Measurement {
  const { p50, p99 } = quantiles(times)
  return { name: what, unit: 'ms', better: 'less', value: p50, p99 }
}

export function quantiles(values: readonly number[]): { p50: number; p99: number } {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99) }
}
