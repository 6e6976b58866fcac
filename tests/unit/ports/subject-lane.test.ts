import { describe, expect, it } from 'vitest'
import type { Sql, Statement } from '#src/ports/sql.ts'
import { SubjectLane } from '#src/ports/subject-lane.ts'

/** A database that records its transactions, and fails those with the statement `bad`. */
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

describe('the subject lane', () => {
  it('the subject lane commits all waiting jobs in one transaction', async () => {
    const { sql, batches } = notebook()
    const lane = new SubjectLane({ sql, clock })
    const answers = await Promise.all(
      ['a', 'b', 'c'].map((name) => lane.write([name], writes(name))),
    )
    expect(answers).toEqual(['a', 'b', 'c'])
    expect(batches).toEqual([['a'], ['b', 'c']])
  })

  it('the subject lane runs jobs with the same subject in order, in different transactions', async () => {
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

  it('the subject lane prepares a job only when earlier jobs with its subject are durable', async () => {
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

  it('a job that throws does not affect others in the subject lane', async () => {
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

  it('a failed transaction rejects all its jobs, and the subject lane continues', async () => {
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

  it('the subject lane prepares the jobs of a group at one point in time', async () => {
    let time = 0
    const moving = { now: () => time++ }
    const lane = new SubjectLane({ sql: notebook().sql, clock: moving })
    const when = async (now: number) => ({ answer: now, statements: [{ sql: 'x' }] })
    const moments = await Promise.all(['a', 'b', 'c', 'd'].map((name) => lane.write([name], when)))
    expect(moments).toEqual([0, 1, 1, 1])
  })

  it('jobs without statements make no transaction', async () => {
    const { sql, batches } = notebook()
    const answer = await new SubjectLane({ sql, clock }).write(['a'], async () => ({
      answer: 1,
      statements: [],
    }))
    expect([answer, batches]).toEqual([1, []])
  })
})
