import { describe, expect, it } from 'vitest'
import { invalidRequest } from '#src/errors.ts'
import { linesOf, MAX_LINE_BYTES } from '#src/gateway/provisioning/lines.ts'
import type { Provisioned } from '#src/gateway/provisioning/provision.ts'
import { type RowPorts, rowResults } from '#src/gateway/provisioning/row-results.ts'
import type { Timer } from '#src/ports/timer.ts'

async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

/** Lines that the test adds one by one. */
async function* endless(): AsyncGenerator<{ n: number; text: string }> {
  for (let n = 1; ; n++) yield { n, text: `{"externalId":"${n}"}` }
}

function ports(runRow: RowPorts['runRow']) {
  const timers: (() => void)[] = []
  const timer: Timer = (_, run) => {
    timers.push(run)
    return () => {}
  }
  return { ports: { runRow, timer, log: { error: () => {} } }, timers }
}

const created = async (row: unknown): Promise<Provisioned> => {
  const { externalId } = row as { externalId: string }
  return { status: 'created', did: `did:plc:${externalId}`, handle: `${externalId}.test` }
}

async function all(results: AsyncIterable<Uint8Array>): Promise<unknown[]> {
  let text = ''
  for await (const bytes of results) text += Buffer.from(bytes).toString()
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

const turns = () => new Promise<void>((resolve) => setTimeout(resolve, 20))

describe('lines of a body', () => {
  it('have the numbers of an editor, however the body is cut into chunks', async () => {
    const lines = []
    for await (const line of linesOf(chunks('{"a"', ':1}\r\n', '\n{}', '\n', '[]')))
      lines.push(line)
    expect(lines).toEqual([
      { n: 1, text: '{"a":1}' },
      { n: 3, text: '{}' },
      { n: 4, text: '[]' },
    ])
  })

  it('are refused if one is too long', async () => {
    const long = 'x'.repeat(MAX_LINE_BYTES / 2 + 1)
    const read = async () => {
      for await (const _ of linesOf(chunks(long, long))) expect.unreachable()
    }
    await expect(read()).rejects.toMatchObject({ status: 413 })
  })
})

describe('results of rows', () => {
  it.each([
    [
      'nested too deep',
      `{"a":${'['.repeat(100)}${']'.repeat(100)}}`,
      'The line is nested too deep',
    ],
    ['a key that is merged', '{"__proto__":{"externalId":"x"}}', 'Keys must not be "__proto__"'],
    ['not UTF-8', Buffer.from('{"externalId":"\xff"}', 'latin1'), 'The line is not JSON'],
  ])('a line is refused as a body would be that is %s', async (_, line, message) => {
    async function* body() {
      yield Buffer.concat([Buffer.from(line), Buffer.from('\n{"externalId":"b"}')])
    }
    const asked: unknown[] = []
    const runRow = async (row: unknown) => {
      asked.push(row)
      return created(row)
    }
    const results = await all(rowResults(ports(runRow).ports, linesOf(body())))
    expect(results).toContainEqual({ n: 1, status: 'error', error: 'InvalidRequest', message })
    expect(asked).toEqual([{ externalId: 'b' }])
  })

  it('a line that is wrong is an error with its number, and the others go on', async () => {
    const given = ports(async (row) => {
      if ((row as { externalId: string }).externalId === 'b') throw invalidRequest('no b', 'NoB')
      return created(row)
    })
    const rows = linesOf(chunks('{"externalId":"a"}\nnot json\n{"externalId":"b"}\n[]\n'))
    const results = (await all(rowResults(given.ports, rows))) as { n?: number }[]
    expect(results.pop()).toEqual({ summary: { created: 1, existing: 0, failed: 3 } })
    expect(results.toSorted((a, b) => a.n! - b.n!)).toEqual([
      { n: 1, externalId: 'a', status: 'created', did: 'did:plc:a', handle: 'a.test' },
      { n: 2, status: 'error', error: 'InvalidRequest', message: 'The line is not JSON' },
      { n: 3, externalId: 'b', status: 'error', error: 'NoB', message: 'no b' },
      { n: 4, status: 'error', error: 'InvalidRequest', message: 'The line is not a JSON object' },
    ])
  })

  it('a body that breaks off is said at the end', async () => {
    async function* broken() {
      yield { n: 1, text: '{"externalId":"a"}' }
      throw invalidRequest('broken off', 'Broken')
    }
    const results = await all(rowResults(ports(created).ports, broken()))
    expect(results.at(-1)).toEqual({
      summary: { created: 1, existing: 0, failed: 0 },
      error: 'Broken',
      message: 'broken off',
    })
  })

  it('progress comes with each tick of the timer', async () => {
    const end = Promise.withResolvers<void>()
    const { ports: given, timers } = ports(async (row) => {
      await end.promise
      return created(row)
    })
    const source = rowResults(given, linesOf(chunks('{"externalId":"a"}')))
    const results = source[Symbol.asyncIterator]()
    const first = results.next()
    await turns()
    timers.shift()!()
    expect(Buffer.from((await first).value!).toString()).toBe(
      '{"progress":{"created":0,"existing":0,"failed":0}}\n',
    )
    end.resolve()
    expect(await all(source)).toHaveLength(2)
  })

  it('256 rows are in flight, and none begins while the client takes no results, or when it has left', async () => {
    let begun = 0
    let ends: (() => void)[] = []
    const { ports: given } = ports((row) => {
      begun++
      return new Promise((resolve) => ends.push(() => resolve(created(row))))
    })
    const results = rowResults(given, endless())[Symbol.asyncIterator]()
    const first = results.next()
    await turns()
    expect(begun).toBe(256)
    const finish = async () => {
      const running = ends
      ends = []
      for (const end of running) end()
      await turns()
    }
    await finish()
    await first
    for (let round = 0; round < 40; round++) await finish()
    const stopped = begun
    expect(stopped).toBeLessThan(8_600)
    await finish()
    expect(begun).toBe(stopped)
    await results.next()
    await turns()
    expect(begun).toBeGreaterThan(stopped)
    await results.return?.()
    const left = begun
    await finish()
    expect(begun).toBe(left)
  })

  it('long rows are in flight as far as they have 16 MiB together', async () => {
    async function* longRows() {
      const text = JSON.stringify({ externalId: 'x'.repeat(MAX_LINE_BYTES - 100) })
      for (let n = 1; ; n++) yield { n, text }
    }
    const ends: (() => void)[] = []
    const { ports: given } = ports((row) => {
      return new Promise((resolve) => ends.push(() => resolve(created(row))))
    })
    const results = rowResults(given, longRows())[Symbol.asyncIterator]()
    const first = results.next()
    await turns()
    expect(ends).toHaveLength(65)
    ends[0]!()
    await first
    await turns()
    expect(ends).toHaveLength(66)
    await results.return?.()
  })

  it('a client that leaves while it waits for a result stops the rows at once', async () => {
    let begun = 0
    let ends = 0
    const { ports: given } = ports(() => {
      begun++
      return new Promise(() => {})
    })
    const onEnd = () => void ends++
    const results = rowResults({ ...given, onEnd }, endless())[Symbol.asyncIterator]()
    const waiting = results.next()
    await turns()
    await results.return?.()
    expect(await waiting).toEqual({ done: true, value: undefined })
    expect([begun, ends]).toEqual([256, 1])
  })
})
