/** One permission that an app asks for, in words, with the records and the services that it is about. */
import { html, raw } from 'hono/html'
import type { Html } from '#src/gateway/pages/shell.ts'
import type { Calls, Permission, Records } from '#src/gateway/pages/sign-in/permissions.ts'
import type { SignInContext, SignInKey } from '#src/gateway/pages/sign-in/texts.ts'

type Named = Exclude<Permission['kind'], 'set' | 'email'>

const words: Readonly<Record<Named, [title: SignInKey, detail: SignInKey]>> = {
  identity: ['identity', 'manageIdentity'],
  handle: ['handle', 'changeHandle'],
  status: ['accountStatus', 'manageStatus'],
  everything: ['data', 'changeEverything'],
  records: ['data', 'changeSome'],
  uploads: ['uploads', 'uploadFiles'],
  anyCall: ['services', 'callAny'],
  calls: ['services', 'callSome'],
  messages: ['messages', 'readMessages'],
}

export function permissionView(
  context: SignInContext,
  permission: Permission,
  canChooseEmail: boolean,
): Html {
  const { texts } = context
  if (permission.kind === 'set') {
    const { nsid, title = nsid, detail, records, calls } = permission
    const inside = html`${recordRows(context, records)}${callRows(context, calls)}`
    const name = title === nsid ? '' : html`<code>${breakable(nsid)}</code>`
    return html`<li><b>${title}</b>${detail === undefined ? '' : html`<span>${detail}</span>`}
<details><summary>${texts.text('technical')}</summary>${name}${inside}</details></li>`
  }
  if (permission.kind === 'email') {
    const text = texts.text(permission.action === 'manage' ? 'manageEmail' : 'readEmail')
    const line = html`<b>${texts.text('email')}</b><span>${text}</span>`
    if (!canChooseEmail) return html`<li>${line}</li>`
    return html`<li><label class="allow"><input type="checkbox" name="email" value="yes" checked><span>${line}</span></label></li>`
  }
  const [title, detail] = words[permission.kind]
  const inside =
    permission.kind === 'records'
      ? recordRows(context, permission.records)
      : permission.kind === 'calls'
        ? callRows(context, permission.calls)
        : ''
  return html`<li><b>${texts.text(title)}</b><span>${texts.text(detail)}</span>${inside}</li>`
}

function recordRows({ texts }: SignInContext, records: Records): Html | '' {
  if (records.length === 0) return ''
  const list = new Intl.ListFormat(texts.language)
  return html`<ul class="names">${records.map(({ collection, actions }) => {
    const name =
      collection === '*' ? texts.text('anyCollection') : html`<code>${breakable(collection)}</code>`
    const what = list.format(actions.map((action) => texts.text(action)))
    return html`<li>${name} <small>${what}</small></li>`
  })}</ul>`
}

function callRows({ texts }: SignInContext, calls: Calls): Html | '' {
  if (calls.length === 0) return ''
  return html`<ul class="names">${calls.map(({ service, methods }) => {
    const name = serviceName(service) ?? texts.text('anyService')
    const what = methods.includes('*')
      ? html`<small>${texts.text('anyMethod')}</small>`
      : methods.map((method) => html`<code>${breakable(method)}</code> `)
    return html`<li><span title="${service}">${name}</span> ${what}</li>`
  })}</ul>`
}

/** The host of a did:web, or the DID; undefined for any service. */
function serviceName(service: string): string | undefined {
  if (service === '*') return undefined
  const [did = service] = service.split('#')
  return did.startsWith('did:web:') ? decodeURIComponent(did.slice('did:web:'.length)) : did
}

/** With places to break the line after each dot. */
function breakable(nsid: string): Html {
  return html`${nsid.split('.').map((part, i) => html`${raw(i === 0 ? '' : '.<wbr>')}${part}`)}`
}
