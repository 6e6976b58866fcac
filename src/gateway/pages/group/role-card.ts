/** The roles of a group, and the form for its custom roles. */
import { html } from 'hono/html'
import type { Action } from '#src/gateway/pages/area/area.ts'
import { badge, card, table } from '#src/gateway/pages/blocks.ts'
import { actionForm, field } from '#src/gateway/pages/form-blocks.ts'
import type { GroupVisit } from '#src/gateway/pages/group/group-visit.ts'
import { type ListedRole, roleName, rolePermissions } from '#src/gateway/pages/group/roles.ts'
import { type Html, hiddenFields } from '#src/gateway/pages/shell.ts'
import * as group from '#src/protocol/lexicons/dev/headwater/group.ts'
import { type ManageFlag, manageFlags } from '#src/rules/group-roles.ts'

export function roleCard(visit: GroupVisit, roles: readonly ListedRole[]): Html {
  const { text, session, base, manage } = visit
  const list = table({
    label: text('roles'),
    head: [text('role'), text('manages'), text('scopes'), ''],
    rows: roles.map((role) => [
      html`${roleName(text, role.name)}${role.builtIn ? '' : html` ${badge(text('ownRole'))}`}`,
      role.manage.map((flag) => flagName(text, flag)).join(', '),
      permissionsOf(text, role),
      manage.has('roles') && !role.builtIn
        ? actionForm(session, {
            ...{ action: `${base}/members/role/delete`, label: text('delete'), about: role.name },
            fields: { name: role.name },
          })
        : '',
    ]),
    empty: '',
  })
  return card(text('roles'), html`${list}${manage.has('roles') ? form(visit) : ''}`)
}

/** The scopes are for those who make apps. */
function permissionsOf(text: GroupVisit['text'], { name, scope, builtIn }: ListedRole): Html {
  const words = builtIn ? rolePermissions(text, name) : undefined
  return words === undefined
    ? html`<code>${scope}</code>`
    : html`<span title="${scope}">${words}</span>`
}

function form({ text, session, base }: GroupVisit): Html {
  return html`<details><summary class="button quiet">${text('newRole')}</summary>
<form method="post" action="${base}/members/role">${hiddenFields(session)}
${field({ name: 'name', label: text('name'), required: true, maxLength: 32 })}
${field({ name: 'scope', label: text('scopes'), value: 'atproto repo:*', help: text('scopesHelp'), required: true, maxLength: 2000 })}
<fieldset><legend>${text('manages')}</legend>
${manageFlags.map((flag) => html`<label class="check"><input type="checkbox" name="manage.${flag}" value="yes">${flagName(text, flag)}</label>`)}
</fieldset>
<button>${text('save')}</button></form></details>`
}

function flagName(text: GroupVisit['text'], flag: string): string {
  const known = manageFlags.find((one) => one === flag)
  return known === undefined ? flag : text(`flag.${known}`)
}

/** A role of the same name is replaced. */
export const putRole: Action<GroupVisit> = async ({ call, group: { did: account } }, form) => {
  const { name = '', scope = '' } = form
  const manage: ManageFlag[] = manageFlags.filter((flag) => form[`manage.${flag}`] === 'yes')
  await call(group.putRole, { input: { account, name, scope, manage } })
  return undefined
}

export const deleteRole: Action<GroupVisit> = async ({ call, group: { did: account } }, form) => {
  await call(group.deleteRole, { input: { account, name: form['name'] ?? '' } })
  return undefined
}
