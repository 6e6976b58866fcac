import { expect, it } from 'vitest'
import {
  addOperatorAudit,
  listOperatorAudit,
  MAX_OPERATOR_AUDIT_ROWS,
  OPERATOR_AUDIT_KEPT_MS,
} from '#src/directory/operator-audit.ts'
import { testDirectory } from '#tests/support/test-directory.ts'

const anna = 'did:plc:anna'

function entry(id: string, more: { actor?: string; target?: string } = {}) {
  return { id, actor: anna, action: 'takedown', ...more }
}

it('what operators did is listed by page, the newest first, and by who did it and to whom', async () => {
  const directory = testDirectory()
  for (const id of ['a', 'b', 'c']) {
    directory.clock.time += 1_000
    await addOperatorAudit(directory, entry(id, { target: `did:plc:${id}` }))
  }
  await addOperatorAudit(directory, entry('d', { actor: 'admin password' }))
  const idsOf = (page: { entries: { id: string }[] }) => page.entries.map(({ id }) => id)
  const first = await listOperatorAudit(directory, { limit: 2 })
  expect(idsOf(first)).toEqual(['d', 'c'])
  const { cursor } = first as { cursor: string }
  expect(idsOf(await listOperatorAudit(directory, { limit: 2, cursor }))).toEqual(['b', 'a'])
  expect(idsOf(await listOperatorAudit(directory, { limit: 9, actor: anna }))).toEqual([
    'c',
    'b',
    'a',
  ])
  expect(idsOf(await listOperatorAudit(directory, { limit: 9, target: 'did:plc:b' }))).toEqual([
    'b',
  ])
  await expect(listOperatorAudit(directory, { limit: 9, cursor: '1 OR 1' })).rejects.toThrow(
    'Malformed cursor',
  )
})

it('an entry that is stored twice is one', async () => {
  const directory = testDirectory()
  await addOperatorAudit(directory, entry('a'))
  await addOperatorAudit(directory, entry('a'))
  expect((await listOperatorAudit(directory, { limit: 9 })).entries).toHaveLength(1)
})

it('entries that are too old or too many are deleted', async () => {
  const directory = testDirectory()
  await addOperatorAudit(directory, entry('old'))
  directory.clock.time += OPERATOR_AUDIT_KEPT_MS
  await addOperatorAudit(directory, entry('new'))
  expect(await listOperatorAudit(directory, { limit: 9 })).toMatchObject({
    entries: [{ id: 'new' }],
  })
  await directory.sql.batch([
    { sql: 'UPDATE operator_audit SET n = ?', params: [MAX_OPERATOR_AUDIT_ROWS + 10] },
    {
      sql: `INSERT INTO operator_audit (n, id, at, actor, action) VALUES (10, 'x', ?, 'a', 'b')`,
      params: [directory.clock.time],
    },
  ])
  await addOperatorAudit(directory, entry('newest'))
  const { entries } = await listOperatorAudit(directory, { limit: 9 })
  expect(entries.map(({ id }) => id)).toEqual(['newest', 'new'])
})
