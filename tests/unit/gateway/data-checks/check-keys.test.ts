import { expect, it } from 'vitest'
import { directoryActions } from '#actors/actions/directory.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { checkKeys, type KeysInUse } from '#src/gateway/data-checks/check-keys.ts'
import { DataCheckError } from '#src/gateway/data-checks/check-shards.ts'
import { testDirectory } from '#tests/support/test-directory.ts'

function starts() {
  const subject = testDirectory()
  const { get, put } = directoryActions.settings
  const settings = {
    get: (input: { name: string }) => get(subject, input),
    put: (input: { name: string; value: string }) => put(subject, input),
  }
  const dispatch = { directory: { settings } } as unknown as Pick<Dispatch, 'directory'>
  const stored = async () => (await settings.get({ name: 'keys' })) ?? ''
  /** Returns the warnings. */
  async function start(changed: Partial<KeysInUse> = {}, acceptChanged = false): Promise<string[]> {
    const warnings: string[] = []
    const log = { warn: (text: string) => void warnings.push(text) } as never
    await checkKeys(dispatch, { ...keys, ...changed }, { acceptChanged, log })
    return warnings
  }
  return { start, stored }
}

const keys: KeysInUse = {
  keyEncryptionKeyHex: 'ab'.repeat(32),
  jwtSecret: 'the first secret',
  rotationKeyDid: 'did:key:zFirst',
}
const others = {
  PDS_KEY_ENCRYPTION_KEY_HEX: { keyEncryptionKeyHex: 'cd'.repeat(32) },
  PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: { rotationKeyDid: 'did:key:zSecond' },
}

it('a start with the keys of the first start passes without a word', async () => {
  const { start } = starts()
  expect(await start()).toEqual([])
  expect(await start()).toEqual([])
})

for (const [variable, changed] of Object.entries(others)) {
  it(`a start with another ${variable} is refused, and one with the former key passes`, async () => {
    const { start } = starts()
    await start()
    const refused = start(changed)
    await expect(refused).rejects.toBeInstanceOf(DataCheckError)
    await expect(refused).rejects.toThrow(new RegExp(`^${variable} .* is not the key`))
    expect(await start()).toEqual([])
  })

  it(`PDS_ACCEPT_CHANGED_KEYS starts once with another ${variable}, which is then the one to start with`, async () => {
    const { start } = starts()
    await start()
    expect(await start(changed, true)).toEqual([expect.stringContaining(`${variable} has changed`)])
    expect(await start(changed)).toEqual([])
    await expect(start()).rejects.toThrow(variable)
  })
}

it('a start with two other keys names both', async () => {
  const { start } = starts()
  await start()
  const refused = start({ ...Object.values(others)[0], ...Object.values(others)[1] })
  for (const variable of Object.keys(others)) await expect(refused).rejects.toThrow(variable)
})

it('a start with another PDS_JWT_SECRET is a warning, once, that says that users sign in again', async () => {
  const { start } = starts()
  await start()
  const warning = expect.stringMatching(/^PDS_JWT_SECRET has changed: .*sign in again/)
  expect(await start({ jwtSecret: 'the second secret' })).toEqual([warning])
  expect(await start({ jwtSecret: 'the second secret' })).toEqual([])
})

it('a refused start does not change what is stored, and no secret is stored', async () => {
  const { start, stored } = starts()
  await start()
  const before = await stored()
  const changed = { ...others.PDS_KEY_ENCRYPTION_KEY_HEX, jwtSecret: 'another' }
  await expect(start(changed)).rejects.toThrow()
  expect(await stored()).toBe(before)
  expect(before).not.toContain(keys.keyEncryptionKeyHex)
  expect(before).not.toContain(keys.jwtSecret)
})
