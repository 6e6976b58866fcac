/** The provider's accounts: those of this server, by the features that its own methods have. */
import { InvalidCredentialsError, InvalidRequestError } from '@atproto/oauth-provider/errors'
import type { Account, AccountStore, DeviceAccount, Did } from '@atproto/oauth-provider/store'
import type { Device } from '#src/authorization/devices.ts'
import { XrpcError } from '#src/errors.ts'
import { toHandleError, withOAuthErrors } from '#src/gateway/oauth/oauth-errors.ts'
import {
  authorizedClientsOf,
  type ProviderAccounts,
  type RemoteAccount,
} from '#src/gateway/oauth/provider-accounts.ts'
import { mustPassSecondStep } from '#src/gateway/oauth/second-factor.ts'
import { shardOf } from '#src/gateway/oauth/shards.ts'
import { deviceOf } from '#src/gateway/oauth/shared-stores.ts'
import { updateHandle } from '#src/gateway/workflows/update-handle.ts'
import { validateNewHandle } from '#src/gateway/workflows/validate-handle.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'

export type AccountMethods = Pick<
  AccountStore,
  | 'createAccount'
  | 'authenticateAccount'
  | 'setAuthorizedClient'
  | 'getAccount'
  | 'upsertDeviceAccount'
  | 'getDeviceAccount'
  | 'removeDeviceAccount'
  | 'listDeviceAccounts'
  | 'verifyHandleAvailability'
  | 'updateHandle'
  | 'deactivateAccount'
  | 'reactivateAccount'
>

export function accountStore(surface: ServerContext, people: ProviderAccounts): AccountMethods {
  const { dispatch } = surface
  const devices = (id: string) => shardOf(dispatch, id).devices

  async function known(did: string): Promise<RemoteAccount> {
    const account = await people.find(did)
    if (account === undefined) throw new InvalidRequestError('Account not found')
    return account
  }

  async function describe(did: string): Promise<Account> {
    return (await described(did)).account
  }

  async function described(did: string) {
    const found = await (await known(did)).oauth.describe()
    const account = found && people.toAccount(found.person)
    if (!found || !account) throw new InvalidRequestError('Account not found')
    return { account, authorizedClients: authorizedClientsOf(found.clients) }
  }

  /** The account on a device, if it is signed in there. */
  async function onDevice(id: string, did: string, device: Device): Promise<DeviceAccount | null> {
    const found = await (await people.find(did))?.oauth.findOnDevice({ deviceId: id })
    const account = found && people.toAccount(found.person)
    if (!found || !account) return null
    return {
      deviceId: id as DeviceAccount['deviceId'],
      deviceData: deviceOf(device),
      account,
      authorizedClients: authorizedClientsOf(found.clients),
      createdAt: new Date(found.link.createdAt),
      updatedAt: new Date(found.link.updatedAt),
    }
  }

  return {
    createAccount: ({ handle, email, password, inviteCode }) =>
      withOAuthErrors(async () => {
        const wanted = { handle, email, password, ...(inviteCode && { inviteCode }) }
        const { did } = await surface.createAccount(wanted, undefined)
        return describe(did)
      }, toSignUpError),

    async authenticateAccount({ username, password, emailOtp, locale }) {
      const identifier = username.toLowerCase()
      const found = await dispatch.directory.accounts.find({ identifier })
      if (found === null) throw new InvalidCredentialsError('Invalid identifier or password')
      const account = await withOAuthErrors(
        async () =>
          people.toAccount(await dispatch.account(found.did).oauth.recognize({ password })),
        (error) => toSignInError(error, found.did),
      )
      if (account === undefined) throw new InvalidRequestError('Account was taken down')
      await mustPassSecondStep(surface, found.did, { code: emailOtp, locale })
      return account
    },

    async setAuthorizedClient(did, clientId, data) {
      const account = await known(did)
      await account.oauth.rememberClient({ clientId, data: JSON.stringify(data) })
    },

    getAccount: (did) => described(did),

    async upsertDeviceAccount(deviceId, did) {
      const account = await known(did)
      // First where it is looked for, then what is true.
      await devices(deviceId).setAccount({ id: deviceId, did, signedIn: true })
      await account.oauth.signInOnDevice({ deviceId })
    },

    async getDeviceAccount(deviceId, did) {
      const device = await devices(deviceId).read({ id: deviceId })
      return device && onDevice(deviceId, did, device)
    },

    async removeDeviceAccount(deviceId, did) {
      await (await people.find(did))?.oauth.signOutOfDevice({ deviceId })
      await devices(deviceId).setAccount({ id: deviceId, did, signedIn: false })
    },

    async listDeviceAccounts(filter) {
      const all = 'did' in filter ? await ofAccount(filter.did) : await ofDevice(filter.deviceId)
      return all.filter((one) => one !== null)
    },

    verifyHandleAvailability: (handle) =>
      withOAuthErrors(async () => {
        const wanted = validateNewHandle(handle, await surface.handleRules())
        const taken = await dispatch.directory.accounts.find({ identifier: wanted })
        if (taken === null) return
        throw new XrpcError(400, 'HandleNotAvailable', `Handle already taken: ${handle}`)
      }, toHandleError),

    updateHandle: ({ did, handle }) =>
      withOAuthErrors(async () => {
        await updateHandle(surface.identity, { did, handle })
        return describe(did)
      }, toHandleError),

    deactivateAccount: ({ did, deleteAfter }) =>
      withOAuthErrors(async () => {
        const change = { active: false, deleteAfter: deleteAfter ?? null, dropCredentials: true }
        await (await known(did)).lifecycle.changeState(change)
        return describe(did)
      }),

    reactivateAccount: ({ did }) =>
      withOAuthErrors(async () => {
        await known(did)
        await surface.activateAccount(did)
        return describe(did)
      }),
  }

  async function ofAccount(did: Did) {
    const links = (await (await people.find(did))?.oauth.listDevices()) ?? []
    return Promise.all(
      links.map(async ({ deviceId }) => {
        const device = await devices(deviceId).read({ id: deviceId })
        return device && onDevice(deviceId, did, device)
      }),
    )
  }

  async function ofDevice(deviceId: string) {
    const found = await devices(deviceId).readWithAccounts({ id: deviceId })
    if (found === null) return []
    return Promise.all(found.dids.map((did) => onDevice(deviceId, did, found.device)))
  }
}

function toSignInError(error: unknown, did: string): unknown {
  if (!(error instanceof XrpcError) || error.status >= 500) return error
  if (error.status === 401) return new InvalidCredentialsError(error.message, did as Did, error)
  return new InvalidRequestError(error.message, error)
}

function toSignUpError(error: unknown): unknown {
  if (error instanceof XrpcError && error.error === 'InvalidInviteCode') {
    return new InvalidRequestError(`This invite code is invalid. ${error.message}`, error)
  }
  return toHandleError(error)
}
