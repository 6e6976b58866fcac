import { describe, expect, it } from 'vitest'
import { ddl, type Migration, migrate, NewerDatabaseError } from '#src/ports/migrations.ts'
import type { Sql } from '#src/ports/sql.ts'
import { nodeSql } from '#tests/support/node-sql.ts'

const first = ['CREATE TABLE note (text TEXT)', "INSERT INTO note VALUES ('a -- b; c')"]

async function versionOf(sql: Sql): Promise<unknown> {
  return (await sql.first<{ user_version: number }>('PRAGMA user_version'))?.user_version
}

describe('migrate', () => {
  it('runs every step of a new database in one transaction', async () => {
    const batches: unknown[] = []
    const sql = nodeSql({ onBatch: (when) => void (when === 'before' && batches.push(when)) })
    await migrate(sql, [first, ['CREATE TABLE other (n INTEGER)']])
    expect(await versionOf(sql)).toBe(2)
    expect(batches).toHaveLength(1)
  })

  it('takes literals with comment marks and semicolons, and triggers, as they are', async () => {
    const trigger = `CREATE TRIGGER twice AFTER INSERT ON note BEGIN
      UPDATE note SET text = text || ';' WHERE rowid = new.rowid; SELECT 1; END`
    const sql = nodeSql({ schema: [first, [trigger, "INSERT INTO note VALUES ('d')"]] })
    expect(await sql.all('SELECT text FROM note')).toEqual([{ text: 'a -- b; c' }, { text: 'd;' }])
  })

  it('runs only the steps that a database lacks', async () => {
    const sql = nodeSql({ schema: [first] })
    await migrate(sql, [first, ["INSERT INTO note VALUES ('second')"]])
    await migrate(sql, [first, ["INSERT INTO note VALUES ('second')"]])
    expect(await sql.all('SELECT text FROM note')).toEqual([
      { text: 'a -- b; c' },
      { text: 'second' },
    ])
  })

  it('gives a data step the database as the step before left it', async () => {
    const count: Migration = async (sql) => {
      const rows = await sql.all<{ text: string }>('SELECT text FROM note')
      return rows.map(({ text }) => ({ sql: 'UPDATE note SET text = ?', params: [`${text}!`] }))
    }
    const sql = nodeSql()
    await migrate(sql, [first, count, ["INSERT INTO note VALUES ('last')"]])
    expect(await sql.all('SELECT text FROM note')).toEqual([
      { text: 'a -- b; c!' },
      { text: 'last' },
    ])
    expect(await versionOf(sql)).toBe(3)
  })

  it('leaves the version of the last whole step when a data step fails', async () => {
    const sql = nodeSql()
    const failing: Migration = async () => [
      { sql: 'DELETE FROM note' },
      { sql: 'INSERT INTO nothing VALUES (1)' },
    ]
    await expect(migrate(sql, [first, failing])).rejects.toThrow('nothing')
    expect(await versionOf(sql)).toBe(1)
    expect(await sql.all('SELECT text FROM note')).toHaveLength(1)
  })

  it('refuses a newer database and writes nothing', async () => {
    const sql = nodeSql({ schema: [first, ['CREATE TABLE other (n INTEGER)']] })
    await sql.first('SELECT 1')
    const refusal = await migrate(sql, [first]).catch((error) => error)
    expect(refusal).toBeInstanceOf(NewerDatabaseError)
    expect(refusal).toMatchObject({ found: 2, known: 1 })
    expect(sql.batches).toBe(0)
    expect(await versionOf(sql)).toBe(2)
  })
})

describe('ddl', () => {
  it('drops comments and layout', () => {
    expect(ddl`CREATE TABLE a (  -- what; "it" is
       b TEXT                    -- and why
     ) WITHOUT ROWID`).toBe('CREATE TABLE a ( b TEXT ) WITHOUT ROWID')
  })

  it('refuses a literal before a comment', () => {
    expect(() => ddl`INSERT INTO a VALUES ('--')`).toThrow('a literal before a comment')
  })
})
