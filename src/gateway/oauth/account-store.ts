/** The provider's AccountStore on the accounts of this server: sign-up, sign-in, devices, handles and account state. */
import {
  InvalidCredentialsError,
  InvalidRequestError,
  OAuthError,
} from '@atproto/oauth-provider/errors'
import type { Account, AccountStore, DeviceAccount, Did } from '@atproto/oauth-provider/store'
import type { RemoteAccount } from '#src/engine/dispatch.ts'
import { XrpcError } from '#src/errors.ts'
import { updateHandle } from '#src/gateway/identity/update-handle.ts'
import { validateNewHandle } from '#src/gateway/identity/validate-handle.ts'
import type { DeviceGroups } from '#src/gateway/oauth/device-groups.ts'
import { actingAs, allowedMember } from '#src/gateway/oauth/member-account-area.ts'
import { retryAfterOf, toHandleError, withOAuthErrors } from '#src/gateway/oauth/oauth-errors.ts'
import { findOnDevice, type OnDevice, type StoredDevice } from '#src/gateway/oauth/on-device.ts'
import { authorizedClientsOf, type ProviderAccounts } from '#src/gateway/oauth/provider-accounts.ts'
import { requestContext } from '#src/gateway/oauth/request-context.ts'
import { mustPassSecondStep } from '#src/gateway/oauth/second-factor.ts'
import { shardOf } from '#src/gateway/oauth/shards.ts'
import { deviceOf } from '#src/gateway/oauth/shared-stores.ts'
import type { Permissions } from '#src/gateway/xrpc/callers.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { asMember } from '#src/rules/acting-member.ts'
import { normalizeIdentifier } from '#src/rules/identifiers.ts'

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

export function accountStore(
  server: ServerContext,
  accounts: ProviderAccounts,
  groups: DeviceGroups,
): AccountMethods {
  const { dispatch } = server
  const devices = (id: string) => shardOf(dispatch, id).devices

  async function requireAccount(did: string): Promise<RemoteAccount> {
    const account = await accounts.find(did)
    if (account === undefined) throw new InvalidRequestError('Account not found')
    return account
  }

  async function describe(did: string): Promise<Account> {
    return (await describeWithClients(did)).account
  }

  async function describeWithClients(did: string, signedInAt?: number) {
    const account = await requireAccount(did)
    const found = await account.oauth.describe({ ...(signedInAt !== undefined && { signedInAt }) })
    // Members do not see the email address of their group.
    const hidden = actingAs(did) === undefined ? {} : { email: null }
    const shown = found && accounts.toAccount({ ...found.account, ...hidden })
    if (!found || !shown) throw new InvalidRequestError('Account not found')
    return { account: shown, authorizedClients: authorizedClientsOf(found.clients) }
  }

  const onDevice = (id: string, did: string) => findOnDevice(accounts, id, did)

  function shown(id: string, device: StoredDevice, found: OnDevice | null): DeviceAccount | null {
    const account = found && accounts.toAccount(found.account)
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
        const input = { handle, email, password, ...(inviteCode && { inviteCode }) }
        const { ip } = requestContext().client
        const { did } = await server.createAccount(input, undefined, ip)
        return describe(did)
      }, toSignUpError),

    authenticateAccount: counted(server, async ({ username, password, emailOtp, locale }) => {
      const identifier = normalizeIdentifier(username)
      const found = await dispatch.directory.accounts.find({ identifier })
      if (found === null) throw new InvalidCredentialsError('Invalid identifier or password')
      const { client } = requestContext()
      const { oauth } = dispatch.account(found.did, client.network, 'sign in')
      const account = await withOAuthErrors(
        async () => accounts.toAccount(await oauth.authenticateAccount({ password, client })),
        (error) => toSignInError(error, found.did),
      )
      if (account === undefined) throw new InvalidRequestError('Account was taken down')
      await mustPassSecondStep(server, found.did, { code: emailOtp, locale })
      return account
    }),

    async setAuthorizedClient(did, clientId, data) {
      const account = await requireAccount(did)
      const member = actingAs(did)?.member
      await account.oauth.setAuthorizedClient({
        ...{ clientId, data: JSON.stringify(data) },
        ...(member !== undefined && { member }),
      })
    },

    getAccount: (did) => describeWithClients(did, requestContext().signedInAt),

    async upsertDeviceAccount(deviceId, did) {
      const account = await requireAccount(did)
      await isNewDevice(deviceId)
      // Index first, then the account: an index entry without a sign-in is harmless, the reverse is never found.
      await devices(deviceId).setAccount({ id: deviceId, did, signedIn: true })
      const { startedAt } = requestContext()
      await account.oauth.signInOnDevice({
        deviceId,
        ...(startedAt !== undefined && { since: startedAt }),
      })
    },

    async getDeviceAccount(deviceId, did) {
      const device = await devices(deviceId).read({ id: deviceId })
      if (device === null) return null
      const found = await onDevice(deviceId, did)
      const isItself = found !== null && found.link.member === undefined
      return isItself ? shown(deviceId, device, found) : groups.find(deviceId, did)
    },

    async removeDeviceAccount(deviceId, did) {
      await (await accounts.find(did))?.oauth.signOutOfDevice({ deviceId })
      await devices(deviceId).setAccount({ id: deviceId, did, signedIn: false })
    },

    async listDeviceAccounts(filter) {
      const all =
        'did' in filter
          ? await devicesOfAccount(filter.did)
          : await accountsOfDevice(filter.deviceId)
      return all.filter((deviceAccount) => deviceAccount !== null)
    },

    verifyHandleAvailability: (handle) =>
      withOAuthErrors(async () => {
        const identifier = validateNewHandle(handle, await server.handleRules())
        const taken = await dispatch.directory.accounts.find({ identifier })
        if (taken === null) return
        throw new XrpcError(400, 'HandleNotAvailable', `Handle already taken: ${handle}`)
      }, toHandleError),

    updateHandle: ({ did, handle }) =>
      withOAuthErrors(async () => {
        const by = allowedMember(did, (role) => role.assertIdentity({ attr: 'handle' }))
        await updateHandle(server.identity, { did, handle }, by)
        return describe(did)
      }, toHandleError),

    deactivateAccount: ({ did, deleteAfter }) =>
      withOAuthErrors(async () => {
        const by = allowedMember(did, mayManageStatus)
        const account = await requireAccount(did)
        const change = { active: false, deleteAfter: deleteAfter ?? null }
        if (by === undefined) {
          await account.lifecycle.changeState({ ...change, dropCredentials: true })
        } else await asMember(account, by).lifecycle.changeState(change)
        return describe(did)
      }),

    reactivateAccount: ({ did }) =>
      withOAuthErrors(async () => {
        await requireAccount(did)
        await server.activateAccount(did, allowedMember(did, mayManageStatus))
        return describe(did)
      }),
  }

  async function devicesOfAccount(did: Did) {
    const member = actingAs(did)?.member
    const own = await accounts.find(did)
    const links = (await own?.oauth.listDevices(member === undefined ? {} : { member })) ?? []
    return Promise.all(
      links.map(async ({ deviceId }) => {
        const device = await devices(deviceId).read({ id: deviceId })
        return device && shown(deviceId, device, await onDevice(deviceId, did))
      }),
    )
  }

  async function accountsOfDevice(deviceId: string) {
    // No account is signed in on it yet.
    if (await isNewDevice(deviceId)) return []
    const found = await devices(deviceId).readWithAccounts({ id: deviceId })
    if (found === null) return []
    const { device, dids } = found
    const all = await Promise.all(dids.map((did) => onDevice(deviceId, did)))
    const signedIn = all.filter((one) => one !== null)
    const own = signedIn.filter(({ link }) => link.member === undefined)
    return [
      ...own.map((one) => shown(deviceId, device, one)),
      ...(await groups.list(deviceId, device, signedIn)),
    ]
  }
}

function mayManageStatus(role: Permissions): void {
  role.assertAccount({ attr: 'status', action: 'manage' })
}

/** Counts what fails by the address of the request. */
function counted(
  { failedSignIns }: ServerContext,
  signIn: AccountStore['authenticateAccount'],
): AccountStore['authenticateAccount'] {
  const isWrong = (error: unknown) => error instanceof InvalidCredentialsError
  return (data) =>
    withOAuthErrors(() =>
      failedSignIns.watch(requestContext().client.ip, async () => signIn(data), isWrong),
    )
}

/** Whether the browser is new with this request; then its shard has accepted it when this resolves. */
async function isNewDevice(deviceId: string): Promise<boolean> {
  const { newDevice } = requestContext()
  if (newDevice?.id !== deviceId) return false
  await newDevice.accepted
  return true
}

function toSignInError(error: unknown, did: string): unknown {
  if (!(error instanceof XrpcError) || error.status >= 500) return error
  if (error.status === 401) return new InvalidCredentialsError(error.message, did as Did, error)
  return new InvalidRequestError(error.message, error)
}

const tooManySignUps = 'Too many accounts were created here lately, please try again later'

function toSignUpError(error: unknown): unknown {
  if (error instanceof XrpcError && error.error === 'InvalidInviteCode') {
    return new InvalidRequestError(`This invite code is invalid. ${error.message}`, error)
  }
  if (error instanceof XrpcError && error.status === 429) {
    requestContext().retryAfter?.(retryAfterOf(error))
    return new OAuthError('temporarily_unavailable', tooManySignUps, 429, error)
  }
  return toHandleError(error)
}
