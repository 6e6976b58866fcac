import { expect, it } from 'vitest'
import type { Manifest } from '#src/archive/manifest.ts'
import { recordArchive, recordDrill } from '#src/directory/archives.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Archives } from '#src/gateway/archives/open-archives.ts'
import type { RestoreInput } from '#src/gateway/archives/restore-archive.ts'
import { bob, open, openConsole, submit } from '#tests/support/console-gateway.ts'

const archive = '20261130T030000Z-3l2abcdefgh22'
const gone = 'did:plc:gone'
const manifest = {
  ...{ archive, createdAt: '2026-11-30T03:00:00.000Z', records: 3, blobs: 2 },
  parts: { 'private.sealed': { size: 1, sha256: '' } },
} as Manifest

async function withArchives(more: Partial<Archives> = {}) {
  const restored: RestoreInput[] = []
  const console = await openConsole({
    archives: {
      list: async () => [
        { archive, manifest },
        { archive: 'older', problem: 'repo.car is <b>damaged' },
      ],
      verify: async () => ({ manifest, signedBy: 'did:key:z', isPrivateOpened: true }),
      restore: async (input) => {
        restored.push(input)
        return { ...manifest, next: undefined } as never
      },
      ...more,
    },
  })
  const text = async (path: string) => (await open(console, path)).text()
  return { ...{ console, restored, text, directory: console.directory } }
}

it('lists the last archive of each account, and only those that fail', async () => {
  const { directory, text } = await withArchives()
  await recordArchive(directory, { did: bob, rev: '3k', name: archive, bytes: 9 })
  await recordArchive(directory, { did: gone, error: 'the bucket is <b>away' })
  await recordDrill(directory, { did: bob, error: null })
  const all = await text('/archives')
  expect(all).toContain('bob.test')
  expect(all).toContain('the bucket is &lt;b&gt;away')
  const found = await text('/archives?account=BOB.test')
  expect(found).toBe('')
  await directory.sql.batch([{ sql: `UPDATE account SET did = '${gone}' WHERE did = '${bob}'` }])
  const failing = await text('/archives?failing=yes')
  expect(failing).toContain(gone)
  expect(failing).not.toContain(bob)
})

it('says how to begin if no archives are made', async () => {
  const { text } = await withArchives({ isConfigured: false })
  expect(await text('/archives')).toContain('PDS_ARCHIVE_LOCATION')
})

it('shows the archives of an account, and verifies one, with a row in the audit log', async () => {
  const { console, text, directory } = await withArchives()
  const page = await text(`/archives/${bob}`)
  expect(page).toContain(archive)
  expect(page).toContain('repo.car is &lt;b&gt;damaged')
  await submit(console, `/archives/${bob}/verify`, { archive })
  const row = await directory.sql.first('SELECT action, target FROM operator_audit')
  expect(row).toEqual({ action: 'dev.headwater.admin.verifyArchive', target: bob })
  expect(await text(`/archives/${bob}`)).toContain('3 records, 2 files')
})

it('says why work has failed', async () => {
  const verify = async () => {
    throw invalidRequest('repo.car is damaged')
  }
  const { console, text } = await withArchives({ verify })
  await submit(console, `/archives/${bob}/verify`, { archive })
  expect(await text('/archives')).toContain('repo.car is damaged')
})

it('restores only if the handle is typed, without credentials unless they are asked for', async () => {
  const { console, restored } = await withArchives()
  const path = `/archives/${bob}/restore`
  const wrong = await submit(console, path, { archive, typed: 'anna.test' })
  expect([wrong.status, restored]).toEqual([400, []])
  await submit(console, path, { archive, typed: 'bob.test' })
  await submit(console, path, { archive, typed: 'bob.test', withCredentials: 'yes' })
  expect(restored.map(({ withCredentials }) => withCredentials)).toEqual([false, true])
  expect(restored[0]).toMatchObject({ did: bob, archive, publish: false })
})

it('restores an account that is gone if its DID is typed', async () => {
  const { console, restored, text } = await withArchives()
  expect(await text(`/archives/${gone}`)).toContain('The account is gone')
  const path = `/archives/${gone}/restore`
  await submit(console, path, { archive, typed: 'bob.test' })
  expect(restored).toEqual([])
  await submit(console, path, { archive, typed: gone, handle: 'new.test', publish: 'yes' })
  expect(restored).toMatchObject([{ did: gone, handle: 'new.test', publish: true }])
})
