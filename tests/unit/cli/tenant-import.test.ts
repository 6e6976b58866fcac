import { expect, it } from 'vitest'
import type { Row, RowResult } from '#src/cli/row-stream.ts'
import { type ImportPorts, importRows, progressBar } from '#src/cli/tenant-import.ts'
import { XrpcError } from '#src/errors.ts'

const rows = Array.from({ length: 10 }, (_, i): Row => ({ n: i + 1, text: '{}' }))
const lost = () => new Error('the connection broke off')

/** Answers for `perCall` rows, and breaks off before the next one. */
function server({ perCall = 4, refusal }: { perCall?: number; refusal?: XrpcError } = {}) {
  const sent: number[][] = []
  const results: RowResult[] = []
  const waits: number[] = []
  const ports: ImportPorts = {
    async stream(left, onResult) {
      sent.push(left.map(({ n }) => n))
      if (refusal !== undefined) throw refusal
      for (const { n } of left.slice(0, perCall)) onResult({ n, status: 'created' })
      if (left.length > perCall) throw lost()
    },
    onResult: (result) => void results.push(result),
    onRetry: () => {},
    isStopped: () => false,
    wait: async (ms) => void waits.push(ms),
  }
  return { ports, sent, results, waits }
}

it('tenant import sends the rows without a result again if the connection breaks off', async () => {
  const { ports, sent, results, waits } = server()
  expect(await importRows(ports, rows)).toEqual({ created: 10, existing: 0, failed: 0 })
  expect(sent.map((numbers) => numbers[0])).toEqual([1, 5, 9])
  expect(results.map(({ n }) => n)).toEqual(rows.map(({ n }) => n))
  expect(waits).toEqual([1_000, 1_000])
})

it('tenant import gives up after a minute without a result, and says how far it came', async () => {
  const { ports, waits } = server({ perCall: 0 })
  await expect(importRows(ports, rows)).rejects.toThrow(
    'the connection broke off: 0 of 10 rows are done. Run it again to go on',
  )
  expect(waits).toEqual([2_000, 5_000, 10_000, 20_000, 30_000])
})

it('tenant import waits for a server that is busy, and ends if it refuses the file', async () => {
  const busy = server({ refusal: new XrpcError(429, 'RateLimitExceeded', 'Too many files') })
  await expect(importRows(busy.ports, rows)).rejects.toThrow('Too many files: 0 of 10')
  const refused = server({ refusal: new XrpcError(403, 'TenantSuspended', 'Suspended') })
  await expect(importRows(refused.ports, rows)).rejects.toMatchObject({ status: 403 })
  expect(refused.sent).toHaveLength(1)
})

it('tenant import ends when it is interrupted', async () => {
  const { ports } = server()
  const stopped = { ...ports, isStopped: () => true }
  await expect(importRows(stopped, rows)).rejects.toThrow('interrupted: 4 of 10 rows are done')
})

it('tenant import shows a bar, counts and a rate', () => {
  const counts = { created: 40, existing: 9, failed: 1 }
  expect(progressBar(200, counts, 500)).toBe(
    '[#####---------------] 50 of 200, 40 created, 9 existed, 1 failed, 100/s',
  )
})
