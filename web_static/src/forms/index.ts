// Every form, one line each: a form that the manifest knows and this list doesn't fails to compile.

import type { Form as FormName } from "../bundle/manifest.gen";
import type { Form } from "./form";
import { generic } from "./generic";
import { image } from "./image";
import { matrix } from "./matrix";
import { planes } from "./planes";
import { row } from "./row";
import { scalar } from "./scalar";
import { sequence } from "./sequence";
import { volume } from "./volume";

export const FORMS: Readonly<Record<FormName, Form>> = { image, planes, volume, row, sequence, matrix, scalar, generic };
