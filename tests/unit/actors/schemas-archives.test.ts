import { describe, expect, it } from 'vitest'
import {
  archiveStates,
  findMoveInvite,
  findOwnBucket,
  getArchiveRound,
  listRunningMoves,
} from '#src/directory/directory.ts'
import { nextServer } from '#tests/support/move-fixtures.ts'
import { opened, versionsOf } from '#tests/support/old-databases.ts'
import { alice } from '#tests/support/schema-fixtures.ts'
import { testDirectory } from '#tests/support/test-directory.ts'

describe.each(versionsOf('directory'))('a directory of schema version %d', (version) => {
  it.skipIf(version < 11)('knows the archives of accounts', async () => {
    const directory = testDirectory({ sql: opened('directory', version) })
    const [state] = await archiveStates(directory, { dids: [alice] })
    expect(state).toMatchObject({ name: 'archive-1', error: null, drillError: 'a blob is missing' })
    expect(await getArchiveRound(directory)).toMatchObject({ endedAt: null })
    expect(state?.stateSeq).toBe(version < 15 ? null : 7)
    const bucket = await findOwnBucket(directory, { did: alice })
    const known = { name: 'archive-1', location: expect.objectContaining({ bucket: 'alices' }) }
    expect(bucket ?? undefined).toEqual(version < 15 ? undefined : expect.objectContaining(known))
  })

  it.skipIf(version < 14)('knows who is invited to move here, and which moves run', async () => {
    const directory = testDirectory({ sql: opened('directory', version) })
    const invited = await findMoveInvite(directory, { did: 'did:plc:invited' })
    expect(invited).toMatchObject({ state: 'invited', keepsHandle: true, server: nextServer })
    expect(await listRunningMoves(directory, { limit: 9 })).toEqual([alice])
  })
})
