/** The texts of the page on archives of a group that are not those of an account, in Spanish. */
import type { GroupArchiveTexts } from '#src/gateway/pages/archives/group/locales/en.ts'

export const es: GroupArchiveTexts = {
  bucketHelp:
    'Una vez al día, si algo ha cambiado, el servidor guarda una copia firmada del grupo en un bucket: publicaciones y otros registros, archivos y preferencias. No incluye miembros, roles ni claves. De las copias anteriores se conservan las últimas de 7 días, 4 semanas y 12 meses.',
  yourBucket: 'Bucket del grupo',
  stopped: 'Ya no se hacen copias del grupo.',
  restoreHelp:
    'Deja la carpeta como está: cada copia tiene una lista firmada de su contenido. Para restaurar una, dásela al administrador de este servidor o de otro que use Headwater. Los miembros y los roles se quedan como están.',
}
