import { expect, it } from 'vitest'
import { directoryActions } from '#actors/actions/directory.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { forbidden } from '#src/errors.ts'
import { checkData } from '#src/gateway/data-checks/check-data.ts'
import { DataCheckError } from '#src/gateway/data-checks/check-shards.ts'
import { testDirectory } from '#tests/support/test-directory.ts'

const secrets = {
  sealKeyHex: 'ab'.repeat(32),
  jwtSecret: 'a secret',
  plcRotationKeyHex: 'cd'.repeat(32),
}

/** A directory whose first `failures` calls fail, the first `refusals` of them because of the caller's token. */
function start(failures = 0, refusals = 0) {
  const subject = testDirectory()
  const { get, put } = directoryActions.settings
  let left = failures
  let refusalsLeft = refusals
  const settings = {
    get: async (input: { name: string }) => {
      const isRefused = refusalsLeft-- > 0
      if (left-- > 0)
        throw isRefused ? forbidden('Only processes of this server') : new Error('lost')
      return get(subject, input)
    },
    put: (input: { name: string; value: string }) => put(subject, input),
  }
  const dispatch = { directory: { settings } } as unknown as Pick<Dispatch, 'directory'>
  const warnings: string[] = []
  const warn = (...args: unknown[]) => void warnings.push(String(args.at(-1)))
  const check = (changed: object = {}, publicUrl = 'https://pds.example.com') => {
    const config = { acceptChangedKeys: false, gateway: { publicUrl } }
    const noWait = async () => {}
    return checkData(dispatch, { ...secrets, ...changed }, config, { warn } as never, noWait)
  }
  return { check, warnings }
}

it('the checks of a start wait for the directory, and say once in the log if that takes long', async () => {
  const short = start(9)
  await short.check()
  expect(short.warnings).toEqual([])
  const long = start(50)
  await long.check()
  expect(long.warnings).toEqual([expect.stringContaining('the directory cannot be reached')])
})

it('a start whose token the directory refuses ten times fails, and the error names PDS_INTERNAL_TOKEN and PDS_JWT_SECRET', async () => {
  const { check, warnings } = start(10, 10)
  await expect(check()).rejects.toThrow(DataCheckError)
  expect(warnings).toEqual([])
  await expect(start(10, 10).check()).rejects.toThrow(/PDS_INTERNAL_TOKEN, or PDS_JWT_SECRET/)
})

it('a start whose token the directory refuses nine times, as during a change of the token, goes on', async () => {
  await start(9, 9).check()
})

it('a start that cannot reach the directory after it refused its token goes on waiting', async () => {
  await start(60, 9).check()
})

it('the checks of a start compare the public key of the rotation key', async () => {
  const { check } = start()
  await check()
  await check()
  await expect(check({ plcRotationKeyHex: 'ef'.repeat(32) })).rejects.toThrow(
    'PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX',
  )
})

it('a start with another public URL is a warning, once', async () => {
  const { check, warnings } = start()
  await check()
  await check({}, 'https://other.example.com')
  await check({}, 'https://other.example.com')
  expect(warnings).toEqual([
    expect.stringMatching(/^This server was https:\/\/pds.example.com and is now https:\/\/other/),
  ])
})
