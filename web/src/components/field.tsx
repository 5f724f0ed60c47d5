// One parameter of a form, as its schema says.
import { t } from '../i18n';
import { aboutParam } from '../i18n/params';
import { write, type Field } from '../lib/schema';

interface Props { field: Field; type: string; text: string; bad: string | undefined; set: (text: string) => void }

export function ParamField({ field, type, text, bad, set }: Props) {
  const { name, schema, control } = field;
  const id = `param-${name}`;
  const help = aboutParam(type, name, schema.description ?? '');
  const known = {
    id, name, 'aria-invalid': bad ? true : undefined, 'aria-describedby': `${id}-help`, required: field.required,
    placeholder: schema.default !== undefined ? write(field, schema.default) : undefined,
  } as const;
  const wide = control === 'area' || control === 'lines' || control === 'json';
  return (
    <div class={`field ${wide ? 'field-wide' : ''}`}>
      <label class="field-name" for={id}>{name} {(control === 'lines' || control === 'json') && <span class="muted">{t(control === 'lines' ? 'submit.lines' : 'submit.json')}</span>}</label>
      {control === 'choice' || control === 'switch' ? (
        <select {...known} value={text} onChange={(e) => set(e.currentTarget.value)}>
          <option value="">{schema.default !== undefined ? t('app.default', { value: String(schema.default) }) : t('app.none')}</option>
          {(control === 'switch' ? ['true', 'false'] : schema.enum ?? []).map((v) => <option key={String(v)} value={String(v)}>{String(v)}</option>)}
        </select>
      ) : wide ? (
        <textarea {...known} value={text} spellcheck={false} rows={control === 'json' ? 2 : 4} onInput={(e) => set(e.currentTarget.value)} />
      ) : (
        <input {...known} value={text} type="text" spellcheck={false} autocomplete="off"
          inputMode={control === 'integer' ? 'numeric' : control === 'number' ? 'decimal' : 'text'} onInput={(e) => set(e.currentTarget.value)} />
      )}
      <span class="field-help" id={`${id}-help`}>{help}</span>
      {bad && <span class="field-bad" role="alert">{bad}</span>}
    </div>
  );
}
