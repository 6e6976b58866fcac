import { expect, it } from 'vitest'
import { checkCommit } from '#src/account/repo/import-commit.ts'
import type { StoredCommit } from '#src/protocol/repo-blocks.ts'
import { tid } from '#src/protocol/tid.ts'
import { openTestAccount, testDid, testKey } from '#tests/support/open-account.ts'

const newKey = 'did:key:new'
const oldKey = 'did:key:old'
const now = Date.parse('2026-01-01T00:00:00Z')

/** A commit that this key signed; `after` is in microseconds. */
function commit({ signer = newKey, after = 0, did = testDid } = {}): StoredCommit {
  return {
    did,
    rev: tid(now * 1000 + after, 0),
    data: '',
    isSignedBy: async (key) => key === signer,
  }
}

async function check(stored: StoredCommit, keys = [oldKey, newKey]) {
  await checkCommit(await openTestAccount(), stored, keys)
}

it.each([newKey, oldKey, testKey.did()])(
  'a commit may be signed by a key of the DID or of the account: %s',
  async (signer) => {
    await check(commit({ signer }))
  },
)

it('a commit of another key is refused', async () => {
  await expect(check(commit({ signer: 'did:key:other' }))).rejects.toThrow('not signed by a key')
})

it('a commit of another DID is refused', async () => {
  await expect(check(commit({ did: 'did:plc:bob' }))).rejects.toThrow('belongs to did:plc:bob')
})

it('the rev of a commit may be five minutes in the future, and no microsecond more', async () => {
  await check(commit({ after: 300_000_000 }))
  await expect(check(commit({ after: 300_000_001 }))).rejects.toThrow('in the future')
})
