/** The page on archives of a group in a bucket: who may, and what the audit log says. */
import { beforeEach, describe, expect, it } from 'vitest'
import { getAuditLog } from '#src/account/group/audit-log.ts'
import type { OwnBucketView } from '#src/gateway/archives/open-own-archives.ts'
import { archiveForms } from '#src/gateway/pages/archives/archives-page.ts'
import { now } from '#tests/support/gateway.ts'
import { ada, type GroupPages, openGroupPages } from '#tests/support/group-pages.ts'
import { eddie, olga } from '#tests/support/group-scenarios.ts'
import { testDid } from '#tests/support/open-account.ts'

const base = '/groups/group.test/settings/archives'
const typed = { bucket: 'shared', prefix: 'cooks', keyId: 'key-1', secret: 'very secret' }
const view: OwnBucketView = {
  location: { bucket: 'shared', prefix: 'cooks/', accessKeyId: 'key-1' },
  ...{ setAt: now, rev: null, stateSeq: null, name: null, archivedAt: null, bytes: null },
  ...{ error: null, failedAt: null, failures: 0, nextAt: now, isRunning: false },
}

let pages: GroupPages
let bucket: OwnBucketView | undefined
let asked: string[]

beforeEach(async () => {
  bucket = undefined
  asked = []
  pages = await openGroupPages(undefined, undefined, {
    own: {
      find: async () => bucket,
      storedBytes: () => undefined,
      async save(did) {
        asked.push(`save ${did}`)
        bucket = view
      },
      async remove(did) {
        asked.push(`remove ${did}`)
        bucket = undefined
      },
      archive(did) {
        asked.push(`archive ${did}`)
        return new Promise<never>(() => {})
      },
    },
  })
})

describe('archives of a group', () => {
  it('are set up, made and ended by a member whose role has the flag history, and audited', async () => {
    const settings = await (await pages.get(olga, '/settings')).text()
    expect(settings).toContain(`href="${base}"`)
    const before = await (await pages.get(olga, '/settings/archives')).text()
    expect(before).toContain('Members, roles and keys are not in it.')
    for (const [form, fields] of [['save', typed], ['create'], ['stop']] as const) {
      const answer = await pages.post(olga, `/settings/archives/${form}`, fields)
      expect(answer.status, form).toBe(200)
    }
    expect(asked).toEqual([`save ${testDid}`, `archive ${testDid}`, `remove ${testDid}`])
    const { entries } = await getAuditLog(pages.group, { by: { did: olga }, limit: 3 })
    expect(entries.map(({ actor, action, detail }) => [actor, action, detail])).toEqual([
      [olga, 'archive.deleteBucket', undefined],
      [olga, 'archive.createArchive', undefined],
      [olga, 'archive.putBucket', 's3 shared/cooks'],
    ])
  })

  it.each([eddie])('are refused to %s, whose role has it not', async (who) => {
    bucket = view
    expect((await pages.get(who, '/settings/archives')).status).toBe(403)
    expect(await (await pages.get(who, '/settings')).text()).not.toContain(base)
    for (const form of Object.keys(archiveForms)) {
      expect((await pages.post(who, `/settings/archives/${form}`, typed)).status, form).toBe(403)
    }
    expect(asked).toEqual([])
  })

  it('show where they are, and not the secret', async () => {
    bucket = view
    const html = await (await pages.get(ada, '/settings/archives')).text()
    expect(html).toContain('s3://shared/cooks/')
    expect(html).toContain('Bucket of the group')
    expect(html).not.toContain('very secret')
  })
})
