/** app.bsky.actor: profiles, proxied to the AppView with read-after-write; preferences, stored here. */

import type { Preference } from '#src/account/preferences/preferences.ts'
import { invalidRequest } from '#src/errors.ts'
import { proxiedMethod } from '#src/gateway/methods/proxied-method.ts'
import { passThroughResponse } from '#src/gateway/proxy/pass-through.ts'
import { detailedProfile, type LocalViewer } from '#src/gateway/read-after-write/local-viewer.ts'
import { readAfterWrite } from '#src/gateway/read-after-write/read-after-write.ts'
import { isActorView, isJsonObject } from '#src/gateway/read-after-write/views.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import * as actor from '#src/protocol/lexicons/app/bsky/actor.ts'
import { accessScope } from '#src/rules/session-tokens.ts'

export const getProfile = method(actor.getProfile, {
  ...proxiedMethod,
  run: (call) =>
    readAfterWrite(call, actor.getProfile.main.nsid, async (viewer, original) =>
      withLocalProfile(viewer, original),
    ),
})

export const getProfiles = method(actor.getProfiles, {
  ...proxiedMethod,
  looseParams: true,
  run: (call) =>
    readAfterWrite(call, actor.getProfiles.main.nsid, async (viewer, original) => {
      if (!isJsonObject(original) || !Array.isArray(original['profiles'])) return original
      const profiles = original['profiles'].map((profile: unknown) =>
        withLocalProfile(viewer, profile),
      )
      return { ...original, profiles }
    }),
})

function withLocalProfile(viewer: LocalViewer, view: unknown): unknown {
  const { profile } = viewer.recent
  if (!profile?.isRecent || !isActorView(view) || view.did !== viewer.did) return view
  return detailedProfile(viewer, view, profile.record)
}

export const getPreferences = method(actor.getPreferences, {
  ...proxiedMethod,
  auth: 'preferences reader',
  of: ({ caller, request }) => ('did' in caller ? caller.did : didParam(request)),
  run: async ({ account, caller, did, request, server: { services } }) => {
    const proxyHeader = otherAppView(services, request)
    if (proxyHeader === undefined) {
      const fullAccess = !('did' in caller) || caller.scope === accessScope
      return account.preferences.get({ fullAccess })
    }
    if (!('did' in caller)) {
      throw invalidRequest('Moderator requests cannot be proxied to other app views')
    }
    const lxm = actor.getPreferences.main.nsid
    const target = await services.findTarget(lxm, proxyHeader)
    return passThroughResponse(await services.get(target, request, { did, aud: target.did, lxm }))
  },
})

/** The moderation service names the account in a `did` parameter that is not in the lexicon. */
function didParam({ url }: Request): string {
  const did = new URL(url).searchParams.get('did')
  if (!did?.startsWith('did:')) throw invalidRequest('Invalid or missing did parameter')
  return did
}

export const putPreferences = method(actor.putPreferences, {
  ...proxiedMethod,
  run: async ({ account, caller, did, input, request, server: { services } }) => {
    const proxyHeader = otherAppView(services, request)
    if (proxyHeader !== undefined) {
      const nsid = actor.putPreferences.main.nsid
      const target = await services.findTarget(nsid, proxyHeader)
      const credentials = { did, aud: target.did, lxm: nsid }
      await services.call({ url: target.url, nsid, body: input, credentials })
      return undefined
    }
    const preferences = input.preferences.map((preference) => {
      if (typeof preference.$type === 'string') return preference as Preference
      throw invalidRequest('Preference is missing a $type')
    })
    const fullAccess = caller.scope === accessScope
    await account.preferences.put({ preferences, fullAccess })
    return undefined
  },
})

/** The `atproto-proxy` header, unless it names our AppView: another AppView stores its own preferences. */
function otherAppView(
  { appView }: ServerContext['services'],
  { headers }: Request,
): string | undefined {
  const header = headers.get('atproto-proxy')
  const isOurs = !header || header === `${appView?.did}#bsky_appview`
  return isOurs ? undefined : header
}
