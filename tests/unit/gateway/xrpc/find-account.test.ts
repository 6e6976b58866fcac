import { beforeEach, expect, it, vi } from 'vitest'
import { accountFinder } from '#src/gateway/xrpc/find-account.ts'

const accounts: Record<string, string> = {
  'alice.test': 'did:plc:alice',
  'bob.test': 'did:plc:bob',
}
const find = vi.fn()

beforeEach(() => {
  find.mockReset().mockImplementation(async ({ identifier }) => {
    const did = accounts[identifier] ?? (Object.values(accounts).includes(identifier) && identifier)
    return did ? { did, handle: '', status: 'active' } : null
  })
})

function finder(most?: number) {
  return accountFinder({ directory: { accounts: { find } } } as never, most)
}

it('findAccount finds by handle and by DID', async () => {
  const findAccount = finder()
  expect(await findAccount('Alice.Test')).toBe('did:plc:alice')
  expect(await findAccount('did:plc:bob')).toBe('did:plc:bob')
})

it('findAccount caches DIDs, and looks handles up every time', async () => {
  const findAccount = finder()
  for (let i = 0; i < 3; i++) await findAccount('did:plc:alice')
  expect(find).toHaveBeenCalledTimes(1)
  for (let i = 0; i < 3; i++) await findAccount('alice.test')
  expect(find).toHaveBeenCalledTimes(4)
})

it('findAccount looks unknown names up every time, and wakes no actor for them', async () => {
  const findAccount = finder()
  expect(await findAccount('did:plc:stranger')).toBeUndefined()
  expect(await findAccount('did:plc:stranger')).toBeUndefined()
  expect(find).toHaveBeenCalledTimes(2)
})

it('findAccount caches a bounded number of DIDs', async () => {
  const findAccount = finder(1)
  await findAccount('did:plc:alice')
  await findAccount('did:plc:bob')
  await findAccount('did:plc:bob')
  expect(find).toHaveBeenCalledTimes(2)
  await findAccount('did:plc:alice')
  expect(find).toHaveBeenCalledTimes(3)
})
