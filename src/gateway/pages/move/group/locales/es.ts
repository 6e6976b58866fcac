/** The texts of the pages on moving a group that are not those of an account, in Spanish. */
import type { GroupMoveTexts } from '#src/gateway/pages/move/group/locales/en.ts'

export const es: GroupMoveTexts = {
  moveAwayHelp:
    'El grupo conserva sus seguidores, publicaciones e imágenes. Primero se copia, sin que nadie lo note. Solo se traslada cuando lo confirmas con un código.',
  accountAt: 'El grupo en {server}',
  bringBackHelp:
    'El grupo está ahora en {server}. Sus datos se copian de vuelta aquí, con sus miembros y roles.',
  missingHelp:
    'El servidor anterior ya no los tiene, o el nuevo no los acepta. Si continúas, las publicaciones del grupo se quedan sin estos archivos.',
  confirmHelp:
    'Todo está copiado. Para trasladar la identidad del grupo, escribe el código que {server} envía por correo. Después el grupo estará activo en el servidor nuevo y desactivado en el anterior.',
  codeSent: '{server} ha enviado el código por correo.',
  cancelIn: 'En el servidor anterior no ha cambiado nada. Aquí el grupo sigue desactivado.',
  doneIn: 'El grupo está ahora en este servidor',
  doneInHelp:
    'Los miembros, los roles y el registro de actividad están como antes. En {server} el grupo está desactivado; puedes eliminarlo allí.',
  doneOut: 'El grupo está ahora en {server}',
  doneOutHelp:
    'Inicia sesión allí con la contraseña que has elegido. Aquí el grupo está desactivado y nadie puede escribir. Los miembros, los roles y el registro de actividad se conservan, por si vuelve.',
}
