import { expect, it } from 'vitest'
import { tokenStore } from '#src/gateway/oauth/token-store.ts'
import { BackgroundTasks } from '#src/gateway/workflows/background-tasks.ts'

/** A store whose account notes what it is asked, while the gateway takes no more background work. */
function busyStore() {
  const calls: string[] = []
  const note = (name: string) => async () => void calls.push(name)
  const account = {
    oauth: {
      findGrant: async () => ({ id: 'tok-1', data: '{"did":"did:plc:alice"}', refreshHash: null }),
      rotateGrant: note('rotateGrant'),
      removeGrant: note('removeGrant'),
    },
  }
  const tokenIndex = {
    find: async () => ({ did: 'did:plc:alice', requestId: null }),
    put: async () => {},
    remove: note('remove from the index'),
  }
  const store = tokenStore({
    dispatch: { authorization: () => ({ tokenIndex }) } as never,
    accounts: { findByToken: async () => account } as never,
    backgroundTasks: new BackgroundTasks(() => {}, 0),
  })
  return { calls, store }
}

it('a token that was rotated or deleted is not reported as failed because its index entry stays', async () => {
  const { calls, store } = busyStore()
  const now = new Date(0)
  const next = { clientAuth: { method: 'none' }, expiresAt: now, updatedAt: now, scope: null }
  await store.rotateToken('tok-1' as never, 'tok-2' as never, 'ref-2' as never, next as never)
  await store.deleteToken('tok-2' as never)
  expect(calls).toEqual(['rotateGrant', 'removeGrant'])
})
