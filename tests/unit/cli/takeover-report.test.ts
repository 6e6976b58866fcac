import { expect, it } from 'vitest'
import { nextStep, progressText, takeoverReport } from '#src/cli/takeover-report.ts'

const result = {
  ...{ state: 'open' as const, accounts: 3, taken: 2, records: 9, blobs: 4, appPasswords: 2 },
  ...{ sessions: 5, appSessions: 1, inviteCodes: 1, reservedKeys: 1, newCommits: 0 },
  pass: { taken: 1, unchanged: 1, deleted: 0 },
  leftOut: [{ did: 'did:plc:bob', reason: 'it has no signing key' }],
  notes: [{ did: 'did:plc:alice', note: 'the record a.b.c/1 was left out: its block is missing' }],
}

it('progress is a bar with what is counted, and a step that counts nothing its name', () => {
  expect(progressText({ step: 'accounts', done: 5, total: 20, detail: '90 records' })).toBe(
    '[#####---------------] taking over, 5 of 20 accounts, 90 records',
  )
  expect(progressText({ step: 'announcing', done: 0, total: 0 })).toBe(
    '[####################] announcing, 0 of 0 accounts',
  )
  expect(progressText({ step: 'lock' })).toBe('locking the reference')
})

it('the report says what was taken over, what was left out, and why', () => {
  const { lines, totals } = takeoverReport(result)
  expect(lines).toEqual([
    'did:plc:bob  cannot be taken over: it has no signing key',
    'did:plc:alice  the record a.b.c/1 was left out: its block is missing',
  ])
  expect(totals).toMatchObject({
    'accounts taken over': '2 of 3 (1 now, 1 unchanged since, 0 deleted since)',
    sessions: '5, and 1 of apps',
    'accounts left out': 1,
  })
})

it('the next step is another pass until all is done, and then the server', () => {
  expect(nextStep()).toContain('takeover FOLDER')
  expect(nextStep(result)).toContain('--finish')
  expect(nextStep({ ...result, state: 'done' })).toContain('start the server')
})
