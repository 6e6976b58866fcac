/** What an account says of itself on a browser that it has signed in on, or that a member acts as it on. */
import type { RemoteAccount } from '#src/engine/dispatch.ts'
import type { ProviderAccounts } from '#src/gateway/oauth/provider-accounts.ts'
import type { deviceOf } from '#src/gateway/oauth/shared-stores.ts'

export type OnDevice = NonNullable<Awaited<ReturnType<RemoteAccount['oauth']['findOnDevice']>>>
export type StoredDevice = Parameters<typeof deviceOf>[0]

export async function findOnDevice(
  accounts: ProviderAccounts,
  deviceId: string,
  did: string,
): Promise<OnDevice | null> {
  const account = await accounts.find(did)
  return (await account?.oauth.findOnDevice({ deviceId })) ?? null
}
