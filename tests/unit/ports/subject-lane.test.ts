import { describe, expect, it } from 'vitest'
import type { Sql, Statement } from '#src/ports/sql.ts'
import { SubjectLane } from '#src/ports/subject-lane.ts'

/** A database that writes down its transactions, and fails those that hold `bad`. */
function notebook(): { sql: Sql; batches: string[][] } {
  const batches: string[][] = []
  const sql = {
    async batch(statements: readonly Statement[]) {
      await Promise.resolve()
      const texts = statements.map((statement) => statement.sql)
      if (texts.includes('bad')) throw new Error('the transaction failed')
      batches.push(texts)
    },
  } as unknown as Sql
  return { sql, batches }
}

const clock = { now: () => 0 }
const writes = (text: string) => async () => ({ answer: text, statements: [{ sql: text }] })

describe('the directory lane', () => {
  it('commits all that waits in one transaction', async () => {
    const { sql, batches } = notebook()
    const lane = new SubjectLane({ sql, clock })
    const answers = await Promise.all(
      ['a', 'b', 'c'].map((name) => lane.write([name], writes(name))),
    )
    expect(answers).toEqual(['a', 'b', 'c'])
    expect(batches).toEqual([['a'], ['b', 'c']])
  })

  it('keeps what touches the same thing apart and in order', async () => {
    const { sql, batches } = notebook()
    const lane = new SubjectLane({ sql, clock })
    const jobs: [string[], string][] = [
      [['first'], 'first'],
      [['x'], 'x0'],
      [['x', 'y'], 'xy'],
      [['y'], 'y1'],
      [['z'], 'z1'],
      [['y'], 'y2'],
    ]
    await Promise.all(jobs.map(([subjects, text]) => lane.write(subjects, writes(text))))
    expect(batches).toEqual([['first'], ['x0', 'z1'], ['xy'], ['y1'], ['y2']])
  })

  it('prepares a job only when what it touches is durable', async () => {
    const { sql, batches } = notebook()
    const lane = new SubjectLane({ sql, clock })
    const seen: number[] = []
    const look = async () => {
      seen.push(batches.length)
      return { answer: null, statements: [{ sql: 'x' }] }
    }
    await Promise.all([lane.write(['x'], look), lane.write(['x'], look), lane.write(['x'], look)])
    expect(seen).toEqual([0, 1, 2])
  })

  it('lets a job that throws fail alone', async () => {
    const { sql, batches } = notebook()
    const lane = new SubjectLane({ sql, clock })
    const outcomes = await Promise.allSettled([
      lane.write(['first'], writes('first')),
      lane.write(['a'], async () => {
        throw new Error('no')
      }),
      lane.write(['b'], writes('b')),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(batches).toEqual([['first'], ['b']])
  })

  it('tells everybody of a failed transaction, and goes on', async () => {
    const { sql, batches } = notebook()
    const lane = new SubjectLane({ sql, clock })
    const outcomes = await Promise.allSettled([
      lane.write(['first'], writes('first')),
      lane.write(['a'], writes('bad')),
      lane.write(['b'], writes('b')),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
    expect(await lane.write(['b'], writes('b'))).toBe('b')
    expect(batches).toEqual([['first'], ['b']])
  })

  it('prepares a group at one moment', async () => {
    let time = 0
    const moving = { now: () => time++ }
    const lane = new SubjectLane({ sql: notebook().sql, clock: moving })
    const when = async (now: number) => ({ answer: now, statements: [{ sql: 'x' }] })
    const moments = await Promise.all(['a', 'b', 'c', 'd'].map((name) => lane.write([name], when)))
    expect(moments).toEqual([0, 1, 1, 1])
  })

  it('makes no transaction for nothing', async () => {
    const { sql, batches } = notebook()
    const answer = await new SubjectLane({ sql, clock }).write(['a'], async () => ({
      answer: 1,
      statements: [],
    }))
    expect([answer, batches]).toEqual([1, []])
  })
})
