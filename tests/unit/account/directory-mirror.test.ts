import { expect, it } from 'vitest'
import { DirectoryMirror, type MirroredState } from '#src/account/directory-mirror.ts'
import { updateProfile } from '#src/account/profile.ts'
import { emptyAccount } from '#tests/support/empty-account.ts'
import { openTestAccount } from '#tests/support/open-account.ts'

const active = { status: 'active', deleteAfter: null } as const
const deactivated = { status: 'deactivated', deleteAfter: '2026-02-01T00:00:00.000Z' } as const

async function openMirrored() {
  const { sql, profile, directoryMirror, sentStates } = await openTestAccount()
  const change = async (state: MirroredState) => {
    await sql.batch([updateProfile({ ...state })])
    profile.forget()
  }
  return { profile, directoryMirror, sentStates, change }
}

it('push sends the state of the account once, and again when it has changed', async () => {
  const { directoryMirror, sentStates, change } = await openMirrored()
  await directoryMirror.push()
  await directoryMirror.push()
  expect(sentStates).toEqual([active])
  await change(deactivated)
  await directoryMirror.push()
  await directoryMirror.push()
  expect(sentStates).toEqual([active, deactivated])
})

it('push does not send a state that the directory already has', async () => {
  const { directoryMirror, sentStates, change } = await openMirrored()
  directoryMirror.markPushed(active)
  await directoryMirror.push()
  expect(sentStates).toEqual([])
  await change({ ...active, deleteAfter: deactivated.deleteAfter })
  await directoryMirror.push()
  expect(sentStates).toHaveLength(1)
})

it('pushAgain sends a state although it was sent before', async () => {
  const { directoryMirror, sentStates } = await openMirrored()
  await directoryMirror.push()
  await directoryMirror.pushAgain()
  expect(sentStates).toEqual([active, active])
  await directoryMirror.push()
  expect(sentStates).toHaveLength(2)
})

it('push sends a state again if the directory failed to take it', async () => {
  const { profile } = await openMirrored()
  let attempts = 0
  const directoryMirror = new DirectoryMirror({
    profile,
    send: async () => {
      if (attempts++ === 0) throw new Error('the directory is away')
    },
  })
  await expect(directoryMirror.push()).rejects.toThrow('the directory is away')
  await directoryMirror.push()
  await directoryMirror.push()
  expect(attempts).toBe(2)
})

it('push sends nothing of an account that is not provisioned', async () => {
  const { directoryMirror, sentStates } = emptyAccount('did:plc:alice')
  await directoryMirror.push()
  expect(sentStates).toEqual([])
})
