import { beforeEach, describe, expect, it } from 'vitest'
import { uncountMail } from '#src/account/factors/mail-limit.ts'
import { updateProfile } from '#src/account/profile.ts'
import { finishEmailChange } from '#src/account/sessions/change-email.ts'
import {
  checkEmailToken,
  consumeEmailToken,
  type EmailPurpose,
} from '#src/account/sessions/email-tokens.ts'
import {
  confirmEmail,
  requestEmailUpdate,
  requestToken,
  setEmail,
  updateEmail,
} from '#src/account/sessions/emails.ts'
import { invalidRequest } from '#src/errors.ts'
import {
  type EmptyAccount,
  emptyAccount,
  provisionAccount,
  TestClock,
} from '#tests/support/empty-account.ts'

const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const minute = 60_000
const email = 'alice@example.com'
const taken = 'This email address is already in use, please use a different email.'
let clock: TestClock
let account: EmptyAccount

beforeEach(async () => {
  clock = new TestClock()
  account = emptyAccount(did, { clock })
  await provisionAccount(account)
})

async function change(changes: Parameters<typeof updateProfile>[0]): Promise<void> {
  await account.sql.batch([updateProfile(changes)])
  account.profile.forget()
}

const takeDown = () => change({ status: 'takendown' })
const confirmNow = () => change({ emailConfirmedAt: '2026-01-01T00:00:00.000Z' })
const request = async (purpose: EmailPurpose) => (await requestToken(account, { purpose })).token!
const current = async () => {
  const { email, emailConfirmedAt, pendingEmail } = await account.profile.get()
  return { email, isConfirmed: emailConfirmedAt !== null, pendingEmail }
}
const invalid = { status: 400, error: 'InvalidToken', message: 'Token is invalid' }

describe('an email token', () => {
  it("an email token is two groups of five characters, and is sent to the account's address", async () => {
    const sent = await requestToken(account, { purpose: 'confirm_email' })
    expect(sent).toEqual({ email, token: expect.stringMatching(/^[A-Z2-7]{5}-[A-Z2-7]{5}$/) })
  })

  it('an email token is accepted for its purpose, in upper or lower case, for 15 minutes', async () => {
    const token = await request('plc_operation')
    clock.time += 15 * minute - 1
    await checkEmailToken(account, 'plc_operation', token)
    await checkEmailToken(account, 'plc_operation', token.toLowerCase())
    await expect(checkEmailToken(account, 'delete_account', token)).rejects.toMatchObject(invalid)
    await expect(checkEmailToken(account, 'plc_operation', '')).rejects.toMatchObject(invalid)
    clock.time += 1
    await expect(checkEmailToken(account, 'plc_operation', token)).rejects.toMatchObject({
      status: 400,
      error: 'ExpiredToken',
    })
  })

  const mailed = () => requestToken(account, { purpose: 'reset_password' })

  it('an email token that is valid is sent again, and another one once it has expired', async () => {
    const other = await request('delete_account')
    const first = await request('reset_password')
    clock.time += 14 * minute
    expect(await mailed()).toEqual({ email, token: first })
    clock.time += 14 * minute
    await checkEmailToken(account, 'reset_password', first)
    await expect(checkEmailToken(account, 'reset_password', other)).rejects.toMatchObject(invalid)
    clock.time += 1 * minute
    expect((await mailed()).token).not.toBe(first)
  })

  it('an email token is mailed once in 30 seconds, however many ask for it at once', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, mailed))
    const tokens = all.flatMap(({ token }) => token ?? [])
    expect(tokens).toHaveLength(1)
    expect(new Set(all.map((one) => one.email))).toEqual(new Set([email]))
    clock.time += 29_999
    expect(await mailed()).toEqual({ email })
    await checkEmailToken(account, 'reset_password', tokens[0]!)
    expect(await requestToken(account, { purpose: 'delete_account' })).toHaveProperty('token')
    clock.time += 1
    expect(await mailed()).toEqual({ email, token: tokens[0] })
  })

  it('an email token is mailed five times an hour', async () => {
    const counts: number[] = []
    for (let n = 0; n < 120; n++) {
      if ((await mailed()).token !== undefined) counts.push(n)
      clock.time += minute / 2
    }
    expect(counts).toEqual([0, 1, 2, 3, 4])
    expect(await mailed()).toHaveProperty('token')
  })

  it('an email token whose mail could not be sent is mailed again at once', async () => {
    const { token } = await mailed()
    for (let n = 0; n < 10; n++) {
      await uncountMail(account, { purpose: 'reset_password' })
      expect(await mailed()).toEqual({ email, token })
    }
    expect(await mailed()).toEqual({ email })
  })

  it('an email token that was used is followed by another one at once', async () => {
    await request('update_email')
    await account.sql.batch([consumeEmailToken('update_email')])
    expect(await requestToken(account, { purpose: 'update_email' })).toHaveProperty('token')
  })

  it('an email token is accepted once', async () => {
    const token = await request('plc_operation')
    await account.sql.batch([consumeEmailToken('plc_operation')])
    await expect(checkEmailToken(account, 'plc_operation', token)).rejects.toMatchObject(invalid)
  })

  it('an email token is refused to accounts that are deleted, have no address or are taken down, unless allowed', async () => {
    const attempt = (evenTakendown = false) =>
      requestToken(account, { purpose: 'plc_operation', evenTakendown })
    await takeDown()
    await expect(attempt()).rejects.toMatchObject({ status: 401, error: 'AccountTakedown' })
    expect(await attempt(true)).toMatchObject({ email })
    await change({ email: null })
    await expect(attempt(true)).rejects.toMatchObject({ status: 400, error: 'InvalidRequest' })
    await change({ status: 'deleted' })
    await expect(attempt(true)).rejects.toMatchObject({ status: 400, error: 'InvalidRequest' })
  })
})

describe('confirmEmail', () => {
  it('confirmEmail confirms the address, once per token', async () => {
    const token = await request('confirm_email')
    await confirmEmail(account, { email: 'Alice@Example.com', token })
    expect(await current()).toMatchObject({ email, isConfirmed: true })
    await expect(confirmEmail(account, { email, token })).rejects.toMatchObject(invalid)
  })

  it('confirmEmail rejects another address, a wrong token, and accounts that are taken down or deleted', async () => {
    const token = await request('confirm_email')
    const other = confirmEmail(account, { email: 'bob@example.com', token })
    await expect(other).rejects.toMatchObject({ status: 400, error: 'InvalidEmail' })
    const guess = confirmEmail(account, { email, token: 'AAAAA-AAAAA' })
    await expect(guess).rejects.toMatchObject(invalid)
    expect(await current()).toMatchObject({ isConfirmed: false })
    await takeDown()
    const late = confirmEmail(account, { email, token })
    await expect(late).rejects.toMatchObject({ status: 401, error: 'AccountTakedown' })
    const absent = confirmEmail(emptyAccount(did), { email, token })
    await expect(absent).rejects.toMatchObject({ status: 403, error: 'AccountNotFound' })
  })
})

describe('requestEmailUpdate', () => {
  it('requestEmailUpdate requires a token only if the address is confirmed', async () => {
    expect(await requestEmailUpdate(account)).toEqual({ tokenRequired: false })
    await confirmNow()
    const { tokenRequired, sent } = await requestEmailUpdate(account)
    expect(tokenRequired).toBe(true)
    expect(sent).toMatchObject({ email })
    await checkEmailToken(account, 'update_email', sent!.token!)
  })
})

describe('updateEmail', () => {
  it('updateEmail changes an unconfirmed address without a token', async () => {
    await updateEmail(account, { email: 'New@Example.com' })
    expect(await current()).toEqual({
      email: 'new@example.com',
      isConfirmed: false,
      pendingEmail: null,
    })
  })

  it('updateEmail changes a confirmed address only with a token, and the new one is unconfirmed', async () => {
    await confirmNow()
    const tokenless = updateEmail(account, { email: 'new@example.com' })
    await expect(tokenless).rejects.toMatchObject({ status: 400, error: 'TokenRequired' })
    const guess = updateEmail(account, { email: 'new@example.com', token: 'AAAAA-AAAAA' })
    await expect(guess).rejects.toMatchObject(invalid)
    expect(await current()).toMatchObject({ email, isConfirmed: true })
    const [token, reset] = [await request('update_email'), await request('reset_password')]
    await updateEmail(account, { email: 'new@example.com', token })
    expect(await current()).toMatchObject({ email: 'new@example.com', isConfirmed: false })
    // Tokens sent to the old address are void.
    await expect(checkEmailToken(account, 'reset_password', reset)).rejects.toMatchObject(invalid)
  })

  it('updateEmail rejects a wrong token even if none is required', async () => {
    const guess = updateEmail(account, { email: 'new@example.com', token: 'AAAAA-AAAAA' })
    await expect(guess).rejects.toMatchObject(invalid)
  })

  it.each(['nonsense', 'a@b', 'two@example.com,three@example.com', 'a b@example.com', ''])(
    'updateEmail rejects the address %j',
    async (address) => {
      const attempt = updateEmail(account, { email: address })
      await expect(attempt).rejects.toMatchObject({ status: 400, error: 'InvalidRequest' })
    },
  )

  it('updateEmail keeps the old address if the new one is taken', async () => {
    const refusing = { ...account, claimEmail: async () => Promise.reject(invalidRequest(taken)) }
    const attempt = updateEmail(refusing, { email: 'bob@example.com' })
    await expect(attempt).rejects.toMatchObject({ status: 400, message: taken })
    expect(await current()).toEqual({ email, isConfirmed: false, pendingEmail: null })
  })
})

it('setEmail changes a confirmed address for the admin', async () => {
  await confirmNow()
  await setEmail(account, { email: 'new@example.com' })
  expect(await current()).toMatchObject({ email: 'new@example.com', isConfirmed: false })
})

describe('a change of the email', () => {
  it('an interrupted change of the email is finished by the next call, wherever it was interrupted', async () => {
    // 0: before the account stores its request; then before and after each of the three steps.
    for (let cut = 0; cut <= 5; cut++) {
      let steps = 0
      let hasCrashed = true
      const step = () => {
        if (hasCrashed && steps++ >= cut) throw new Error('the process has crashed')
      }
      const state = emptyAccount(did, { clock, onBatch: step })
      hasCrashed = false
      await provisionAccount(state)
      hasCrashed = true
      let noted = email
      const claimEmail = async (address: string) => {
        step()
        noted = address
        step()
      }
      await setEmail({ ...state, claimEmail }, { email: 'new@example.com' }).catch(() => {})
      hasCrashed = false
      state.profile.forget()
      await finishEmailChange({ ...state, claimEmail })
      const { email: found, pendingEmail } = await state.profile.get()
      expect([found, pendingEmail], `cut after ${cut} steps`).toEqual([noted, null])
    }
  })

  it.each(['finished when the account woke', 'still to be finished'])(
    'an interrupted change that is made again, and is %s, is one change',
    async (which) => {
      const away = { ...account, claimEmail: async () => Promise.reject(new Error('away')) }
      await expect(setEmail(away, { email: 'new@example.com' })).rejects.toThrow('away')
      if (which === 'finished when the account woke') await finishEmailChange(account)
      await setEmail(account, { email: 'new@example.com' })
      expect(await current()).toMatchObject({ email: 'new@example.com', pendingEmail: null })
      const events = await account.sql.all('SELECT kind FROM security_event')
      expect(events).toEqual([{ kind: 'email changed' }])
    },
  )

  it('a change of the email waits for an unreachable directory, and loses nothing', async () => {
    const away = { ...account, claimEmail: async () => Promise.reject(new Error('away')) }
    await expect(setEmail(away, { email: 'new@example.com' })).rejects.toThrow('away')
    expect(await current()).toMatchObject({ email, pendingEmail: 'new@example.com' })
    await expect(finishEmailChange(away)).rejects.toThrow('away')
    await setEmail(account, { email: 'newer@example.com' })
    expect(await current()).toMatchObject({ email: 'newer@example.com', pendingEmail: null })
  })

  it('changes of the email run one after the other', async () => {
    const claimed: string[] = []
    const slow = {
      ...account,
      claimEmail: async (address: string) => {
        claimed.push(address)
        await new Promise((resolve) => setImmediate(resolve))
      },
    }
    const addresses = ['one@example.com', 'two@example.com', 'three@example.com']
    await Promise.all(addresses.map((address) => setEmail(slow, { email: address })))
    expect(claimed).toEqual(addresses)
    expect((await current()).email).toBe('three@example.com')
  })
})
