import { createHash } from 'node:crypto';
import { z } from 'zod';
import { ENTRY_FEATURES } from './entry-features.ts';

const finite = z.number().refine(Number.isFinite, 'must be finite');

/**
 * A learned entry filter: `logit = intercept + Σ coefficient × (feature − mean) / scale`, and an entry passes where the logit is at least the threshold. The threshold is a logit, so that nobody needs an
 * exponential to decide; the chance that it stands for is 1 / (1 + e^−threshold). The order of the features in the file means nothing.
 */
export const ENTRY_FILTER_MODEL = z
  .strictObject({
    version: z.literal(1),
    features: z.array(z.enum(ENTRY_FEATURES)).min(1),
    means: z.array(finite),
    scales: z.array(finite.refine((value) => value > 0, 'must be above 0')),
    coefficients: z.array(finite),
    intercept: finite,
    /** Logit. */
    threshold: finite,
    /** What it was learned from, for people. */
    origin: z.string().max(500).optional(),
  })
  .superRefine((model, context) => {
    const count = model.features.length;
    for (const name of ['means', 'scales', 'coefficients'] as const)
      if (model[name].length !== count)
        context.addIssue({ code: 'custom', path: [name], message: `${model[name].length} for ${count} features` });
    for (const [index, name] of model.features.entries())
      if (model.features.indexOf(name) !== index)
        context.addIssue({ code: 'custom', path: ['features', index], message: `${name} is named twice` });
    for (const [index, coefficient] of model.coefficients.entries())
      if (!Number.isFinite(coefficient / (model.scales[index] ?? 1)))
        context.addIssue({ code: 'custom', path: ['coefficients', index], message: 'too large for its scale' });
  });

export type EntryFilterModel = z.infer<typeof ENTRY_FILTER_MODEL>;

/** What a model is told by: equal for equal content, whatever order its features have. */
export function modelHash(model: EntryFilterModel): string {
  const terms = model.features
    .map((name, index) => [name, model.means[index], model.scales[index], model.coefficients[index]] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  const text = JSON.stringify([model.version, terms, model.intercept, model.threshold]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
