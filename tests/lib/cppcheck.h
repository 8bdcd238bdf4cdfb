/*
 * What cppcheck, which reads no system headers, must know of jansson: its loops.
 */
#define json_array_foreach(array, i, item)                                                         \
	for ((i) = 0; ((item) = json_array_get((array), (i))); (i)++)
#define json_object_foreach(object, key, value)                                                    \
	for ((key) = iter_key(object); ((value) = iter_value(object)); (key) = iter_key(object))
