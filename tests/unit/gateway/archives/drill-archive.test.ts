import { describe, expect, it } from 'vitest'
import { openArchive } from '#src/account/archive/open.ts'
import { drillArchive } from '#src/gateway/archives/drill-archive.ts'
import { alice, archiveServer, testFolder } from '#tests/support/archive-server.ts'

import { withArchive } from '#tests/support/archived-account.ts'

describe('a drill', () => {
  it('restores into a scratch account that nobody hears of, and empties it', async () => {
    const { server, manifest } = await withArchive()
    const drilled = await drillArchive(server.ports, { did: alice, n: 3 })
    expect(drilled).toEqual({
      did: alice,
      archive: manifest.archive,
      records: 2,
      blobs: 1,
      private: true,
    })
    const scratch = server.accounts.get('did:web:scratch-3.invalid')!
    expect([scratch.delivered, scratch.deliveredPrivately, scratch.sentStates]).toEqual([
      [],
      [],
      [],
    ])
    expect(await scratch.profile.find()).toBeUndefined()
    expect(await scratch.sql.first('SELECT 1 FROM record')).toBeUndefined()
    // Again, in the same one.
    await drillArchive(server.ports, { did: alice, n: 3 })
    const { archives } = server.ports.dispatch.directory
    const [state] = await archives.states({ dids: [alice] })
    expect(state).toMatchObject({ drilledAt: server.clock.now(), drillError: null })
  })

  it('that fails is recorded, until one succeeds', async () => {
    const { folder, server, picture } = await withArchive()
    const key = `accounts/${alice}/blobs/${picture.ref.$link}`
    await folder.storage.delete([key])
    await expect(drillArchive(server.ports, { did: alice, n: 0 })).rejects.toThrow('missing')
    const { archives } = server.ports.dispatch.directory
    expect(await archives.summarize()).toMatchObject({ failed: 0, drillsFailed: 1 })
    await folder.storage.put(key, Buffer.from('a picture'))
    await drillArchive(server.ports, { did: alice, n: 0 })
    expect(await archives.summarize()).toMatchObject({ drillsFailed: 0 })
  })
})

it('an account that does not exist cannot be archived', async () => {
  const server = archiveServer(testFolder())
  const account = await server.open(alice)
  await expect(openArchive(account)).rejects.toThrow()
})
